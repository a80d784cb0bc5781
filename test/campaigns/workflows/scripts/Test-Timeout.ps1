workflow Test-Timeout {
    try { InlineScript { Start-Sleep -Seconds 600; 'never' } -PSActionRunningTimeoutSec 1 }
    catch { 'it took too long' }
    'the end'
}
