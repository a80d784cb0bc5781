workflow Test-CheckpointParallel {
    Write-Trace -Text '1 before'
    parallel {
        sequence {
            Write-Trace -Text '2 left'
            # What the other does behind this checkpoint may be done again: here it is through before.
            while ((Read-Trace) -notcontains '3 right') { Start-Sleep -Milliseconds 50 }
            Checkpoint-Workflow
            Wait-Gate -Name 1
            Write-Trace -Text '4 left again'
        }
        sequence {
            $workflow:right = 'done'
            Write-Trace -Text '3 right'
        }
    }
    Write-Trace -Text "5 joined, right is $right"
    Checkpoint-Workflow
    Wait-Gate -Name 2
    'the end'
}
