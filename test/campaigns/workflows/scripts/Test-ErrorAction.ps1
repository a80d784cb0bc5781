workflow Test-ErrorAction {
    Get-Item -LiteralPath /no/such/one -ErrorAction SilentlyContinue
    Write-Error 'ignored' -ErrorAction Ignore
    try { Write-Error 'stops' -ErrorAction Stop; 'never' }
    catch { "caught $($_.Exception.Message)" }
    $ErrorActionPreference = 'SilentlyContinue'
    Write-Error 'silent'
    $ErrorActionPreference = 'Stop'
    try { Get-Item -LiteralPath /no/such/two; 'never' }
    catch { 'caught by preference' }
    $ErrorActionPreference = 'Continue'
    Write-Error 'told'
    'goes on'
}
