workflow Test-CheckpointForEachParallel {
    $done = @()
    foreach -parallel ($name in 'a', 'b', 'c') {
        Write-Trace -Text "begin $name"
        if ($name -eq 'b') {
            # What others do behind this checkpoint may be done again: here they are through before it.
            while (@((Read-Trace) -like 'end *').Count -lt 2) { Start-Sleep -Milliseconds 50 }
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
