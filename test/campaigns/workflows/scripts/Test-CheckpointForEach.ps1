workflow Test-CheckpointForEach {
    $names = 'a', 'b', 'c'
    foreach ($name in $names) {
        if ($name -eq 'b') { $names = 'x', 'y' }
        Write-Trace -Text "does $name"
        Checkpoint-Workflow
        Wait-Gate -Name $name
        Write-Trace -Text "did $name"
    }
    "$names"
}
