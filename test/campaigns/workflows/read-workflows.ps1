<#
.SYNOPSIS
Has the host's library write workflows as plain scripts, and runs some of these; prints all of it as JSON.
#>
param(
    [Parameter(Mandatory)][string] $Library,
    [Parameter(Mandatory)][string[]] $Folder,
    [Parameter(Mandatory)][string] $Target,
    [string[]] $Run
)

$ErrorActionPreference = 'Stop'
$analysis = [System.Reflection.Assembly]::LoadFile($Library).GetType('Runsmith.PowerShellHost.ScriptAnalysis')
$found = foreach ($file in Get-ChildItem -Path ($Folder | ForEach-Object { Join-Path $_ '*.ps1' })) {
    $text = [System.IO.File]::ReadAllText($file.FullName)
    $instance = $analysis.GetConstructors()[0].Invoke([string[]] @($file.BaseName, $text))
    $script = $analysis.GetProperty('ReadableScript').GetValue($instance).Text
    $written = Join-Path $Target $file.Name
    [System.IO.File]::WriteAllText($written, $script)
    $errors = $null
    $null = [System.Management.Automation.Language.Parser]::ParseInput($script, [ref] $null, [ref] $errors)
    $output = @(if ($file.BaseName -in $Run) { & $written 3>$null 6>$null | ForEach-Object { "$_" } })
    [ordered]@{
        name = $file.BaseName
        script = $script
        problems = @($errors | ForEach-Object { "$($_.Extent.StartLineNumber): $($_.Message)" })
        output = $output
    }
}
ConvertTo-Json -InputObject @($found) -Depth 4
