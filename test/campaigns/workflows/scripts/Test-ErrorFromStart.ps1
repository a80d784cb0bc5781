# Without a checkpoint, a resumed workflow begins anew.
workflow Test-ErrorFromStart {
    Write-Trace -Text 'began'
    $times = @(Read-Trace).Count
    "began $times"
    if ($times -eq 1) { throw 'once' }
    'ends'
}
