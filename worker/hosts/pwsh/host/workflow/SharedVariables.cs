#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>The variables of a workflow as its branches see them: `$workflow:name`.</summary>
public sealed class SharedVariables
{
    private readonly Dictionary<string, object?> _values = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _changed = new(StringComparer.OrdinalIgnoreCase);
    private readonly object _gate = new();

    /// <summary>A variable's value; null where there is none.</summary>
    public object? this[string name]
    {
        get
        {
            lock (_gate)
            {
                return _values.TryGetValue(name, out var value) ? value : null;
            }
        }

        set
        {
            lock (_gate)
            {
                _values[name] = value;
                _changed.Add(name);
            }
        }
    }

    internal void Begin(IEnumerable<KeyValuePair<string, object?>> values)
    {
        lock (_gate)
        {
            _values.Clear();
            _changed.Clear();
            foreach (var (name, value) in values)
            {
                _values[name] = value;
            }
        }
    }

    /// <summary>What branches have assigned.</summary>
    internal KeyValuePair<string, object?>[] Changes()
    {
        lock (_gate)
        {
            return _changed.Select(name => KeyValuePair.Create(name, _values[name])).ToArray();
        }
    }

    internal void Change(string name, string operation, object? value)
    {
        lock (_gate)
        {
            _values.TryGetValue(name, out var before);
            var changed = Operation(operation).Invoke(before, value);
            _values[name] = changed.Count == 1 ? changed[0]?.BaseObject is object[] list ? list : changed[0] : null;
            _changed.Add(name);
        }
    }

    /// <summary>PowerShell's own operators; the comma keeps a list whole.</summary>
    private static ScriptBlock Operation(string operation) => ScriptBlock.Create($"param($a, $b) ,($a {Sign(operation)} $b)");

    private static string Sign(string operation) => operation switch
    {
        "PlusEquals" => "+",
        "MinusEquals" => "-",
        "MultiplyEquals" => "*",
        "DivideEquals" => "/",
        "RemainderEquals" => "%",
        "QuestionQuestionEquals" => "??",
        _ => throw new NotSupportedException($"The operator {operation} is unknown."),
    };
}
