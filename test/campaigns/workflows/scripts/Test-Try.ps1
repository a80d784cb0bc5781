workflow Test-Try {
    try {
        'before'
        throw 'it went wrong'
        'never'
    }
    catch { "caught: $($_.Exception.Message)" }
    finally { 'finally' }
    try { Get-Item -LiteralPath /no/such/file -ErrorAction Stop }
    catch [System.Management.Automation.ItemNotFoundException] { 'not found' }
    catch { 'something else' }
    try {
        try { throw 'inner' }
        finally { 'inner finally' }
    }
    catch { "outer caught $_" }
    'after'
}
