workflow Test-PersistPreference {
    $PSPersistPreference = $true
    Write-Trace -Text 'one'
    Wait-Gate -Name 1
    Write-Trace -Text 'two'
    Wait-Gate -Name 2
    $PSPersistPreference = $false
    Write-Trace -Text 'three'
    'the end'
}
