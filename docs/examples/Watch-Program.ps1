<#
.SYNOPSIS
Keeps a program running for a while: starts it, passes its output on, and starts it again when it ends.
.DESCRIPTION
Stopping the job ends the program. The job fails when the program had to be started again too often.
.PARAMETER Command
The program and its arguments, such as '/usr/bin/sleep', '5'; no shell is involved.
.PARAMETER Seconds
How long to watch.
.PARAMETER MaximumRestarts
How often the program may be started again.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)][ValidateCount(1, 100)][string[]] $Command,
    [ValidateRange(1, 86400)][int] $Seconds = 60,
    [ValidateRange(0, 1000)][int] $MaximumRestarts = 5
)

$ErrorActionPreference = 'Stop'
$end = (Get-Date).AddSeconds($Seconds)
$restarts = 0
$process = $null
try {
    while ($true) {
        $start = [System.Diagnostics.ProcessStartInfo]::new($Command[0])
        $Command | Select-Object -Skip 1 | ForEach-Object { $start.ArgumentList.Add($_) }
        $process = [System.Diagnostics.Process]::Start($start)
        while (-not $process.HasExited -and (Get-Date) -lt $end) {
            Write-Progress -Activity "Watching $($Command[0])" -Status "$restarts restarts"
            Start-Sleep -Milliseconds 100
        }
        if ((Get-Date) -ge $end) { break }
        if ($restarts -eq $MaximumRestarts) {
            throw "$($Command[0]) ended $($restarts + 1) times, the last time with exit code $($process.ExitCode)"
        }
        $restarts++
        Write-Warning "$($Command[0]) ended with exit code $($process.ExitCode); restart $restarts of $MaximumRestarts"
        Start-Sleep -Milliseconds 500
    }
}
finally {
    if ($process -and -not $process.HasExited) { $process.Kill($true) }
}
[pscustomobject]@{ Restarts = $restarts }
