<#
.SYNOPSIS
Compresses the logs of a folder that are older than a number of days, and removes compressed ones that are too old.
.DESCRIPTION
The service account needs the right to write in the folder, and the runbook a grant for it, such as
npx runsmith set-runbook Compress-Log --grant path:/var/log/shop:rw.
.PARAMETER Folder
The folder to tidy; not the folders in it.
.PARAMETER Filter
Which files are logs.
.PARAMETER CompressAfterDays
Age in days from which on a log is compressed.
.PARAMETER RemoveAfterDays
Age in days from which on a compressed log is removed.
.PARAMETER DryRun
Only tell what would be done.
#>
#Needs path:/var/tmp:rw
[CmdletBinding()]
param(
    [Parameter(Mandatory)][string] $Folder,
    [string] $Filter = '*.log',
    [ValidateRange(0, 36500)][int] $CompressAfterDays = 1,
    [ValidateRange(0, 36500)][int] $RemoveAfterDays = 30,
    [switch] $DryRun
)

$ErrorActionPreference = 'Stop'
$now = Get-Date
$compressed = 0
$removed = 0
$saved = 0L

function Compress-File([System.IO.FileInfo] $File) {
    # The log is removed only after its compressed form is complete under its final name.
    $unfinished = "$($File.FullName).gz.unfinished"
    $source = $File.OpenRead()
    try {
        $level = [System.IO.Compression.CompressionLevel]::SmallestSize
        $target = [System.IO.Compression.GZipStream]::new([System.IO.File]::Create($unfinished), $level)
        try { $source.CopyTo($target) } finally { $target.Dispose() }
    }
    finally { $source.Dispose() }
    [System.IO.File]::SetLastWriteTime($unfinished, $File.LastWriteTime)
    [System.IO.File]::Move($unfinished, "$($File.FullName).gz", $true)
    $File.Delete()
    (Get-Item -LiteralPath "$($File.FullName).gz").Length
}

foreach ($file in Get-ChildItem -LiteralPath $Folder -File -Filter $Filter | Sort-Object Name) {
    $days = [int]($now - $file.LastWriteTime).TotalDays
    if ($days -lt $CompressAfterDays) { continue }
    "compress $($file.Name) ($($file.Length) bytes, $days days old)"
    $compressed++
    if (-not $DryRun) { $saved += $file.Length - (Compress-File $file) }
}
foreach ($file in Get-ChildItem -LiteralPath $Folder -File -Filter "$Filter.gz" | Sort-Object Name) {
    $days = [int]($now - $file.LastWriteTime).TotalDays
    if ($days -lt $RemoveAfterDays) { continue }
    "remove $($file.Name) ($days days old)"
    $removed++
    if (-not $DryRun) { $file.Delete() }
}
[pscustomobject]@{ Compressed = $compressed; Removed = $removed; SavedBytes = $saved }
