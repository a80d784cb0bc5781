#nullable enable
using System.Management.Automation;
using System.Management.Automation.Internal;

namespace Runsmith.PowerShellHost;

/// <summary>Keeps what a statement gives in its workflow's frame, so that a checkpoint has it.</summary>
[Cmdlet(VerbsData.Out, "RunsmithKept")]
public sealed class KeepOutputCommand : PSCmdlet
{
    /// <summary>What is given.</summary>
    [Parameter(ValueFromPipeline = true)]
    public object? InputObject { get; set; } = AutomationNull.Value;

    /// <summary>The frame.</summary>
    [Parameter(Mandatory = true)]
    public WorkflowFrame Frame { get; set; } = null!;

    /// <summary>The number of the statement.</summary>
    [Parameter(Mandatory = true)]
    public int Statement { get; set; }

    /// <summary>The statement begins; else it goes on.</summary>
    [Parameter]
    public bool Anew { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => Frame.BeginKeeping(Statement, Anew);

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (InputObject != (object)AutomationNull.Value)
        {
            Frame.KeepOutput(Statement, InputObject);
        }
    }
}
