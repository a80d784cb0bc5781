<#
.SYNOPSIS
Restarts services one after the other, and never one twice.
.DESCRIPTION
After each service a checkpoint is saved. A job whose worker is lost in the middle goes on with the service that comes next, on any
worker. One whose service does not start is suspended: mend the service, and resume the job.
.PARAMETER Services
In the order in which they are to be restarted.
.PARAMETER Program
What restarts them. /usr/bin/echo only says what would be done; /usr/bin/systemctl does it, with `--grant socket:/run/systemd/private`.
#>
workflow Restart-Tier {
    param(
        [ValidateNotNullOrEmpty()] [string[]] $Services = @('database', 'application', 'web'),
        [string] $Program = '/usr/bin/echo'
    )

    $restarted = 0
    foreach ($service in $Services) {
        InlineScript {
            & $Using:Program restart $Using:service
            if ($LASTEXITCODE -ne 0) {
                throw "$Using:service did not restart: exit code $LASTEXITCODE."
            }
        }
        $restarted++
        Checkpoint-Workflow
    }
    "$restarted of $($Services.Count) services were restarted."
}
