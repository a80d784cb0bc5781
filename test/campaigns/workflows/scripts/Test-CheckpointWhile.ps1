workflow Test-CheckpointWhile {
    $round = 0
    while ($round -lt 3) {
        $round++
        Write-Trace -Text "round $round"
        Checkpoint-Workflow
        Wait-Gate -Name $round
        Write-Trace -Text "end of $round"
    }
    "rounds $round"
}
