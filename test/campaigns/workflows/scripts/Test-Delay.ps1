workflow Test-Delay {
    $begin = Get-Date
    Start-Sleep -Milliseconds 300
    $passed = (Get-Date) - $begin
    "passed: $($passed.TotalMilliseconds -ge 290)"
}
