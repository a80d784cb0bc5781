#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Threading;

namespace Runsmith.PowerShellHost;

/// <summary>The branches of a `parallel` block or a loop, on threads beside the one that waits for them.</summary>
internal sealed class ParallelRun
{
    private readonly WorkflowRun _run;
    private readonly WorkflowFrame _frame;
    private readonly ParallelBlock _block;
    private readonly SideOutput _output;
    private readonly List<SideThread> _threads = new();
    private int _next;
    private Exception? _failure;

    public ParallelRun(WorkflowRun run, WorkflowFrame frame, ParallelBlock block, List<object?>? items, SavedBranches? saved, SideOutput output)
    {
        _run = run;
        _frame = frame;
        _block = block;
        _output = output;
        Items = block.LoopVariable is null ? null : saved?.Items ?? items ?? new List<object?>();
        int count = Items?.Count ?? block.Branches.Count;
        var variables = ScopeVariables.Visible(frame.Context.SessionState);
        Branches = Enumerable.Range(0, count).Select(index => BranchAt(index, variables, saved?.Branches[index])).ToArray();
    }

    /// <summary>The items of a loop; null for a block.</summary>
    public List<object?>? Items { get; }

    public IReadOnlyList<WorkflowBranch> Branches { get; }

    /// <summary>What ended a branch, when all are over.</summary>
    public Exception? Failure => _failure;

    /// <summary>Begins as many branches as may run at once; each thread then takes the next.</summary>
    public void Begin(int atOnce)
    {
        int count = Math.Min(atOnce, Branches.Count(branch => branch.State == BranchState.NotBegun));
        for (int index = 0; index < count; index++)
        {
            var thread = new SideThread(_run, _output, RunBranches);
            _threads.Add(thread);
        }

        foreach (var thread in _threads)
        {
            thread.Start();
        }
    }

    public void Stop()
    {
        foreach (var thread in _threads)
        {
            thread.Stop();
        }
    }

    private WorkflowBranch BranchAt(int index, Dictionary<string, object?> variables, SavedBranch? saved)
    {
        var own = new List<KeyValuePair<string, object?>>(variables);
        if (_block.LoopVariable is { } name)
        {
            own.Add(KeyValuePair.Create(name, Items![index]));
        }

        return new WorkflowBranch
        {
            State = saved is { IsDone: true } ? BranchState.Over : BranchState.NotBegun,
            Pending = saved?.Frame,
            LastSaved = saved ?? new SavedBranch(false, null),
            Variables = own,
            Outer = _frame,
        };
    }

    private void RunBranches(SideThread thread)
    {
        while (Next() is { } index)
        {
            var branch = Branches[index];
            var body = _block.Branches[_block.LoopVariable is null ? index : 0];
            var failure = WorkflowRun.As(branch, () => thread.Run(body));
            lock (_run.Gate)
            {
                branch.State = BranchState.Over;
                if (failure is not null)
                {
                    branch.HasFailed = true;
                    _failure ??= failure;
                }

                Monitor.PulseAll(_run.Gate);
            }
        }
    }

    private int? Next()
    {
        lock (_run.Gate)
        {
            // While a checkpoint is being saved nothing begins.
            while (_run.IsSaving && !_run.IsStopping)
            {
                Monitor.Wait(_run.Gate);
            }

            for (; _failure is null && !_run.IsStopping && _next < Branches.Count; _next++)
            {
                if (Branches[_next].State == BranchState.NotBegun)
                {
                    Branches[_next].State = BranchState.Running;
                    return _next++;
                }
            }

            return null;
        }
    }
}
