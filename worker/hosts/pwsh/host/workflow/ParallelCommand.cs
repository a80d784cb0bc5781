#nullable enable
using System;
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>Runs the branches of a `parallel` block, or of a loop whose iterations are done side by side.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "RunsmithParallel")]
public sealed class ParallelCommand : PSCmdlet
{
    /// <summary>Branches that run at once where nothing else is said; each has a runspace of its own.</summary>
    private const int UsualLimit = 16;

    private const int HighestLimit = 64;

    private ParallelRun? _parallel;

    /// <summary>The frame.</summary>
    [Parameter(Mandatory = true)]
    public WorkflowFrame Frame { get; set; } = null!;

    /// <summary>The number of the statement.</summary>
    [Parameter(Mandatory = true)]
    public int Statement { get; set; }

    /// <summary>What a loop is over.</summary>
    [Parameter]
    [AllowNull]
    [AllowEmptyCollection]
    public object? Items { get; set; }

    /// <summary>How many branches run at once at most.</summary>
    [Parameter]
    public int ThrottleLimit { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var run = WorkflowRun.Current;
        var branch = WorkflowRun.Branch;
        var saved = branch.PendingBlock;
        branch.PendingBlock = null;
        var output = new SideOutput(run);
        if (Frame.OwnsShared)
        {
            Frame.Shared.Begin(ScopeVariables.Visible(SessionState));
        }

        var items = saved is null ? KeptItems.ListOf(Items) : null;
        _parallel = new ParallelRun(run, Frame, Frame.Function.Blocks[Statement], items, saved, output);
        Frame.Branches = _parallel;
        run.Beside(_parallel, isOpen: true);
        try
        {
            _parallel.Begin(Math.Clamp(ThrottleLimit <= 0 ? UsualLimit : ThrottleLimit, 1, HighestLimit));
            output.Drain(branch, isStatement: true, WriteObject, WriteFromBranch, _parallel.Stop);
        }
        finally
        {
            run.Beside(_parallel, isOpen: false);
            Frame.Branches = null;
        }

        if (Frame.OwnsShared)
        {
            ScopeVariables.Set(SessionState, Frame.Shared.Changes());
        }

        if ((_parallel.Failure ?? output.Failure) is { } failure)
        {
            ErrorOf.Rethrow(failure);
        }
    }

    /// <inheritdoc/>
    protected override void StopProcessing() => _parallel?.Stop();

    private void WriteFromBranch(ErrorRecord error) => ErrorOf.Write(this, error);
}
