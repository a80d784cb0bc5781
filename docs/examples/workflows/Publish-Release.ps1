<#
.SYNOPSIS
Prepares a release, waits until somebody agrees, and rolls it out.
.DESCRIPTION
Suspend-Workflow saves a checkpoint and gives the worker back: the job may wait for weeks. Who agrees resumes it
(npx runsmith resume-job JOB), who does not stops it (npx runsmith stop-job JOB).
.PARAMETER Version
The release.
.PARAMETER Stages
Where it goes, one after the other.
#>
workflow Publish-Release {
    param(
        [ValidateNotNullOrEmpty()] [string] $Version = '1.0',
        [string[]] $Stages = @('canary', 'europe', 'everywhere')
    )

    $prepared = InlineScript {
        # What takes long is done before anybody is asked.
        [pscustomobject]@{ Version = $Using:Version; PreparedAt = [datetime]::UtcNow; Files = 12 }
    }
    "Release $($prepared.Version) is prepared: $($prepared.Files) files. Resume the job to roll it out."
    Suspend-Workflow

    foreach ($stage in $Stages) {
        "Rolled out to $stage."
        Checkpoint-Workflow
    }
    "Release $($prepared.Version) is out."
}
