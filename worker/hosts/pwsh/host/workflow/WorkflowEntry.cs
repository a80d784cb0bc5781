#nullable enable
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>What the first statement of each workflow calls.</summary>
public sealed class WorkflowEntry
{
    internal static readonly WorkflowEntry Instance = new();

    private WorkflowEntry()
    {
    }

    /// <summary>A workflow begins.</summary>
    public WorkflowFrame Enter(string name, EngineIntrinsics context) => WorkflowRun.Current.Enter(name, context);

    /// <summary>A workflow goes on from its checkpoint.</summary>
    public WorkflowFrame Reenter(string name, EngineIntrinsics context) => WorkflowRun.Current.Reenter(name, context);

    /// <summary>A branch begins, or goes on.</summary>
    public WorkflowFrame EnterBranch(EngineIntrinsics context) => WorkflowRun.Current.EnterBranch(context);
}
