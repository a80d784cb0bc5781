workflow Test-CheckpointFor {
    for ($row = 1; $row -le 2; $row++) {
        for ($column = 1; $column -le 2; $column++) {
            Write-Trace -Text "$row,$column"
            Checkpoint-Workflow
            Wait-Gate -Name "$row$column"
        }
    }
    "$row $column"
}
