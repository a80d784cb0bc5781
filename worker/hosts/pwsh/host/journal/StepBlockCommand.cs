#nullable enable
using System.Collections.Generic;
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>Runs the block of a step in a pipeline that can be stopped by itself; not for scripts.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "StepBlock")]
public sealed class StepBlockCommand : PSCmdlet
{
    /// <summary>What to run.</summary>
    [Parameter(Mandatory = true)]
    public ScriptBlock Block { get; set; } = null!;

    /// <summary>What it sees beside the caller's variables.</summary>
    [Parameter(Mandatory = true)]
    public List<PSVariable> Variables { get; set; } = null!;

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        foreach (var result in Block.InvokeWithContext(null, Variables))
        {
            WriteObject(result, enumerateCollection: false);
        }
    }
}
