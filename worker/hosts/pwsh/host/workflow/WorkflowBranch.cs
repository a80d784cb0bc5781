#nullable enable
using System.Collections.Generic;

namespace Runsmith.PowerShellHost;

/// <summary>What a branch's thread does.</summary>
internal enum BranchState
{
    NotBegun,

    /// <summary>It runs statements.</summary>
    Running,

    /// <summary>It is between two statements, and waits until a checkpoint is saved.</summary>
    Parked,

    /// <summary>It waits for its own branches.</summary>
    Waiting,

    Over,
}

/// <summary>A thread of execution of a workflow: the workflow itself, or a branch of it.</summary>
internal sealed class WorkflowBranch
{
    /// <summary>Guarded by the run's gate.</summary>
    public BranchState State { get; set; }

    /// <summary>The frame that is at work, of those that called each other.</summary>
    public WorkflowFrame? Acting { get; set; }

    /// <summary>What the frame that is entered next goes on from.</summary>
    public SavedFrame? Pending { get; set; }

    /// <summary>What the branches that are begun next go on from.</summary>
    public SavedBranches? PendingBlock { get; set; }

    public bool SavesWithinNext { get; set; }

    /// <summary>Variables that a branch finds when it begins.</summary>
    public IReadOnlyList<KeyValuePair<string, object?>> Variables { get; init; } = new List<KeyValuePair<string, object?>>();

    /// <summary>The frame whose statement it is a branch of.</summary>
    public WorkflowFrame? Outer { get; init; }

    public bool TakeSavesWithin()
    {
        bool saves = SavesWithinNext;
        SavesWithinNext = false;
        return saves;
    }

    /// <summary>It ended by an error: where the job goes on, the branch does so from where it was saved before.</summary>
    public bool HasFailed { get; set; }

    /// <summary>What a branch went on from, or how it was saved last.</summary>
    public SavedBranch LastSaved { get; set; } = new(false, null);

    /// <summary>The branch as it is now; one that has not begun goes on from where it would have.</summary>
    public SavedBranch Save()
    {
        LastSaved = State switch
        {
            BranchState.Over => HasFailed ? LastSaved : new SavedBranch(true, null),
            BranchState.NotBegun => LastSaved,
            _ => Acting is null ? LastSaved : new SavedBranch(false, SaveFrames()),
        };
        return LastSaved;
    }

    public SavedFrame? SaveFrames()
    {
        SavedFrame? child = null;
        for (var frame = Acting; frame is not null; frame = frame.Parent)
        {
            child = SavedFrame.Of(frame, child);
        }

        return child;
    }
}
