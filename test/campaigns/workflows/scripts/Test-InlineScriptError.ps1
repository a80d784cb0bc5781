workflow Test-InlineScriptError {
    try { InlineScript { throw 'thrown inside' } }
    catch { "caught: $($_.Exception.Message)" }
    InlineScript { Get-Item -LiteralPath /no/such/file -ErrorAction SilentlyContinue; 'goes on' }
    try { InlineScript { Write-Error 'counts' } -ErrorAction Stop }
    catch { "stopped: $($_.Exception.Message)" }
    InlineScript {
        $ErrorActionPreference = 'Stop'
        try { Get-Item -LiteralPath /no/such/file } catch { 'handled inside' }
    }
    InlineScript { Write-Warning 'a warning from inside' }
    'the end'
}
