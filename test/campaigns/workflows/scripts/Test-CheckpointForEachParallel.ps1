workflow Test-CheckpointForEachParallel {
    $done = @()
    foreach -parallel ($name in 'a', 'b', 'c') {
        Write-Trace -Text "begin $name"
        if ($name -eq 'b') {
            Checkpoint-Workflow
            Wait-Gate -Name 1
        }
        Write-Trace -Text "end $name"
        $workflow:done += $name
    }
    Checkpoint-Workflow
    Wait-Gate -Name 2
    ($done | Sort-Object) -join ' '
}
