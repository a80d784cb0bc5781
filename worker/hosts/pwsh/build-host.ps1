<#
.SYNOPSIS
Compiles the pwsh host into a library, and notes which commands PowerShell's own modules have.
#>
param(
    [Parameter(Mandatory)][string] $Source,
    [Parameter(Mandatory)][string] $Target
)

$ErrorActionPreference = 'Stop'

$files = (Get-ChildItem -LiteralPath $Source -Filter *.cs -Recurse | Sort-Object FullName).FullName
Add-Type -Path $files -OutputAssembly (Join-Path $Target 'Runsmith.PowerShellHost.dll') -IgnoreWarnings

# Without this cache the first command of a module that is not loaded yet costs every host 200 ms. PowerShell writes it by
# itself only 13 s after it has learnt something; how to have it written now is not public, so it may fail and do without.
try {
    # Looking for a command that nobody has makes PowerShell look into every module.
    try { no-such-command } catch [System.Management.Automation.CommandNotFoundException] { $null = $_ }
    $engine = [psobject].Assembly
    $hidden = [System.Reflection.BindingFlags]'NonPublic, Static, Instance'
    $cache = $engine.GetType('System.Management.Automation.AnalysisCache').GetField('s_cacheData', $hidden).GetValue($null)
    $cache.GetType().GetMethod('Serialize', $hidden).Invoke($cache, @([string](Join-Path $Target 'ModuleAnalysisCache')))
}
catch {
    Write-Warning "The cache of modules is not written: $_"
}
