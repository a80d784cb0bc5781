<#
.SYNOPSIS
Reports how full file systems are, and fails when one is over the critical threshold.
.DESCRIPTION
A job sees only the folders it was granted. Grant more with
npx runsmith set-runbook Get-DiskUsage --grant "path:/var path:/home".
.PARAMETER MountPoint
Folders whose file systems are looked at.
.PARAMETER WarningPercent
Used space, in percent, from which on a warning is written.
.PARAMETER CriticalPercent
Used space, in percent, from which on the job fails.
#>
#Needs path:/var
[CmdletBinding()]
param(
    [string[]] $MountPoint = @('/usr', '/var'),
    [ValidateRange(0, 100)][int] $WarningPercent = 80,
    [ValidateRange(0, 100)][int] $CriticalPercent = 95
)

$ErrorActionPreference = 'Stop'

$report = foreach ($path in $MountPoint) {
    Write-Progress -Activity 'Reading file systems' -Status $path
    $drive = [System.IO.DriveInfo]::new($path)
    $used = [int][math]::Round(100 * (1 - $drive.AvailableFreeSpace / $drive.TotalSize))
    $level = if ($used -ge $CriticalPercent) { 'critical' } elseif ($used -ge $WarningPercent) { 'warning' } else { 'ok' }
    if ($level -ne 'ok') { Write-Warning "$path is $used % full" }
    [pscustomobject]@{
        MountPoint  = $path
        TotalGiB    = [math]::Round($drive.TotalSize / 1GB, 1)
        FreeGiB     = [math]::Round($drive.AvailableFreeSpace / 1GB, 1)
        UsedPercent = $used
        Level       = $level
    }
}
$report

$critical = $report | Where-Object Level -EQ 'critical'
if ($critical) { throw "Nearly full: $($critical.MountPoint -join ', ')" }
