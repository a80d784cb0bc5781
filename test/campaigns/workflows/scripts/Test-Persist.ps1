workflow Test-Persist {
    Write-Trace -Text 'one'
    InlineScript { 'saved after this' } -PSPersist $true
    Wait-Gate -Name 1
    Write-Trace -Text 'two'
    'the end'
}
