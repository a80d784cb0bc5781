workflow Test-Retry {
    param([string] $TraceFile)
    InlineScript {
        Add-Content -LiteralPath $using:TraceFile -Value 'tried'
        if (@(Get-Content -LiteralPath $using:TraceFile).Count -lt 3) { throw 'not yet' }
        'third time'
    } -PSActionRetryCount 3 -PSActionRetryIntervalSec 1
    'the end'
}
