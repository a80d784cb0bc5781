#nullable enable
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>A command that wants something done to jobs, and gives nothing.</summary>
public abstract class JobActionCommand : JobCommand
{
    private readonly string _action;

    private protected JobActionCommand(string action)
    {
        _action = action;
    }

    /// <inheritdoc/>
    private protected override void Process(string id)
    {
        if (ShouldProcess(id))
        {
            Ask(_action, id, writer => writer.WriteString("jobId", id));
        }
    }
}

/// <summary>Asks jobs to end.</summary>
[Cmdlet(VerbsLifecycle.Stop, "SmaJob", SupportsShouldProcess = true)]
public sealed class StopJobCommand : JobActionCommand
{
    /// <inheritdoc/>
    public StopJobCommand()
        : base("stop-job")
    {
    }
}

/// <summary>Asks jobs to suspend themselves.</summary>
[Cmdlet(VerbsLifecycle.Suspend, "SmaJob", SupportsShouldProcess = true)]
public sealed class SuspendJobCommand : JobActionCommand
{
    /// <inheritdoc/>
    public SuspendJobCommand()
        : base("suspend-job")
    {
    }
}

/// <summary>Lets suspended jobs go on.</summary>
[Cmdlet(VerbsLifecycle.Resume, "SmaJob", SupportsShouldProcess = true)]
public sealed class ResumeJobCommand : JobActionCommand
{
    /// <inheritdoc/>
    public ResumeJobCommand()
        : base("resume-job")
    {
    }
}
