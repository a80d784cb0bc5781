#nullable enable
using System;
using System.Collections;
using System.Globalization;
using System.Linq;
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>The parameters that every activity of a workflow has, as they were given.</summary>
internal sealed class ActivityOptions
{
    private readonly Hashtable _given;

    public ActivityOptions(Hashtable given) => _given = given;

    public object? this[string name]
    {
        get
        {
            foreach (DictionaryEntry entry in _given)
            {
                if (string.Equals((string)entry.Key, name, StringComparison.OrdinalIgnoreCase))
                {
                    return entry.Value is PSObject wrapper && wrapper.BaseObject is not PSCustomObject ? wrapper.BaseObject : entry.Value;
                }
            }

            return null;
        }
    }

    /// <summary>How often it is done again when it fails.</summary>
    public int Retries => Number("PSActionRetryCount") ?? Number("PSRetryCount") ?? Number("PSConnectionRetryCount") ?? 0;

    public TimeSpan RetryInterval => TimeSpan.FromSeconds(
        Number("PSActionRetryIntervalSec") ?? Number("PSRetryIntervalSec") ?? Number("PSConnectionRetryIntervalSec") ?? 1);

    public TimeSpan? TimeLimit => (Number("PSActionRunningTimeoutSec") ?? Number("PSRunningTimeoutSec")) is { } seconds and > 0
        ? TimeSpan.FromSeconds(seconds)
        : null;

    public bool MergesErrors => LanguagePrimitives.IsTrue(this["MergeErrorToOutput"]);

    /// <summary>Takes those that a command has itself, under their names.</summary>
    public Hashtable TakeThoseOf(CommandInfo? command)
    {
        var own = new Hashtable(StringComparer.OrdinalIgnoreCase);
        foreach (var name in _given.Keys.Cast<string>().ToArray())
        {
            if (command?.Parameters?.ContainsKey(name) == true)
            {
                own[name] = _given[name];
                _given.Remove(name);
            }
        }

        return own;
    }

    private int? Number(string name) => this[name] is { } value
        ? (int)LanguagePrimitives.ConvertTo(value, typeof(int), CultureInfo.InvariantCulture)
        : null;
}
