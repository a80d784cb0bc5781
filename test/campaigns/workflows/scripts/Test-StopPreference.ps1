workflow Test-StopPreference {
    $ErrorActionPreference = 'Stop'
    'before'
    Write-Error 'this suspends'
    'never'
}
