workflow Test-CheckpointTry {
    try {
        Write-Trace -Text 'in try'
        Checkpoint-Workflow
        Wait-Gate -Name 1
        throw 'goes wrong'
    }
    catch {
        Write-Trace -Text "in catch: $($_.Exception.Message)"
        Checkpoint-Workflow
        Wait-Gate -Name 2
        Write-Trace -Text "still in catch: $($_.Exception.Message)"
    }
    finally {
        Write-Trace -Text 'in finally'
        Checkpoint-Workflow
        Wait-Gate -Name 3
        Write-Trace -Text 'end of finally'
    }
    'the end'
}
