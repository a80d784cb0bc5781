workflow Test-UnhandledError {
    $tries = 1
    'begins'
    Checkpoint-Workflow
    Write-Trace -Text 'tried'
    $tries = @(Read-Trace).Count
    if ($tries -lt 3) { throw "try $tries failed" }
    "try $tries went well"
}
