#nullable enable
using System.Collections;
using System.Collections.Generic;
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>Calls a runbook of another kind as if it ran within the script.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "RunsmithRunbook")]
public sealed class InvokeRunbookCommand : WaitedRunbookCommand
{
    private static readonly HashSet<string> s_common = new(Cmdlet.CommonParameters, System.StringComparer.OrdinalIgnoreCase);
    private bool _isLogged;

    /// <summary>The runbook.</summary>
    [Parameter(Mandatory = true)]
    public string Name { get; set; } = string.Empty;

    /// <summary>Its parameters, and those that all commands have.</summary>
    [Parameter]
    public IDictionary? Parameters { get; set; }

    private protected override bool IsLogged => _isLogged;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var own = new Hashtable(System.StringComparer.Ordinal);
        foreach (DictionaryEntry parameter in Parameters ?? new Hashtable())
        {
            if (!s_common.Contains((string)parameter.Key))
            {
                own[parameter.Key] = parameter.Value;
            }
        }

        _isLogged = ChildRunbooks.KindOf(Name) == "TypeScript";
        if (StartInPlace(Name, own) is { } id)
        {
            Follow(id);
        }
    }
}
