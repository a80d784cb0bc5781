workflow Test-WarningPreference {
    $WarningPreference = 'SilentlyContinue'
    Write-Warning 'silent'
    Write-Warning 'loud' -WarningAction Continue
    InlineScript { Write-Warning 'silent inside' }
    $WarningPreference = 'Continue'
    Write-Warning 'loud again'
    Write-Warning 'silent' -WarningAction SilentlyContinue
}
