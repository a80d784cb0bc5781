workflow Test-CheckpointNested {
    workflow Invoke-Inner {
        param([int] $Level)
        Write-Trace -Text "into $Level"
        if ($Level -lt 2) { Invoke-Inner -Level ($Level + 1) }
        Checkpoint-Workflow
        Wait-Gate -Name $Level
        Write-Trace -Text "out of $Level"
        "result of $Level"
    }
    $results = Invoke-Inner -Level 1
    Write-Trace -Text 'back'
    $results
}
