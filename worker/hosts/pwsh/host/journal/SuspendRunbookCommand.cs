#nullable enable
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>Suspends the job until somebody resumes it.</summary>
[Cmdlet(VerbsLifecycle.Suspend, "Runbook")]
public sealed class SuspendRunbookCommand : WaitCommand
{
    /// <summary>For whoever is to resume it.</summary>
    [Parameter(Position = 0)]
    public string Reason { get; set; } = string.Empty;

    /// <inheritdoc/>
    protected override void ProcessRecord() =>
        Wait("suspend", "suspend", Reason.Length == 0 ? "suspend" : Reason, new JournalWait { Message = Reason.Length == 0 ? null : Reason });
}
