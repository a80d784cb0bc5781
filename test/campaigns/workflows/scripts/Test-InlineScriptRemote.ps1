workflow Test-InlineScriptRemote {
    try { InlineScript { 'never' } -PSComputerName 'elsewhere.invalid' }
    catch { 'it cannot be reached' }
    InlineScript { 'here' } -PSComputerName 'localhost'
}
