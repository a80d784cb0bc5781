#nullable enable
using System;
using System.Collections;
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>Starts a runbook as a job of its own, and gives the job's id; with -Wait, what the runbook puts out.</summary>
[Cmdlet(VerbsLifecycle.Start, "SmaRunbook", DefaultParameterSetName = "ByRunbookName", SupportsShouldProcess = true)]
[OutputType(typeof(Guid))]
public sealed class StartRunbookCommand : WaitedRunbookCommand
{
    /// <summary>The runbook's name.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ParameterSetName = "ByRunbookName")]
    [Alias("RunbookName")]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = string.Empty;

    /// <summary>The runbook's id.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true, ParameterSetName = "ByRunbookId")]
    [Alias("RunbookId")]
    [ValidateNotNullOrEmpty]
    public string Id { get; set; } = string.Empty;

    /// <summary>The runbook's parameters.</summary>
    [Parameter]
    public IDictionary? Parameters { get; set; }

    /// <summary>A worker group in which the runbook has to run.</summary>
    [Parameter]
    public string? RunOn { get; set; }

    /// <summary>Wait for the job, and give what it puts out; the job is stopped with this one.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>Stop the job when this one is stopped or fails.</summary>
    [Parameter]
    public SwitchParameter StopWithParent { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var runbook = ParameterSetName == "ByRunbookId" ? Id : Name;
        if (!ShouldProcess(runbook) || Start(runbook, Parameters, Wait || StopWithParent, RunOn) is not { } id)
        {
            return;
        }

        if (Wait)
        {
            Follow(id);
            return;
        }

        // SMA gives a Guid; its documentation promises an object.
        var started = new PSObject(Guid.Parse(id));
        started.Properties.Add(new PSNoteProperty("Id", Guid.Parse(id)));
        started.Properties.Add(new PSNoteProperty("JobId", Guid.Parse(id)));
        WriteObject(started);
    }
}
