workflow Test-Stream {
    Write-Output 'an output'
    Write-Warning 'a warning'
    Write-Verbose -Message 'verbose'
    Write-Debug -Message 'debug'
    Write-Information -MessageData 'information'
    Write-Error 'an error'
    'the end'
}
