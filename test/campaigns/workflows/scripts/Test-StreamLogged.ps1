workflow Test-StreamLogged {
    Write-Verbose -Message 'verbose'
    Write-Verbose -Message 'silenced' -Verbose:$false
    $VerbosePreference = 'SilentlyContinue'
    Write-Verbose -Message 'silent now'
    $VerbosePreference = 'Continue'
    InlineScript { Write-Verbose 'from inside' }
    Write-Debug -Message 'debug'
    'the end'
}
