workflow Test-CheckpointDo {
    $round = 0
    do {
        $round++
        Write-Trace -Text "while $round"
        Checkpoint-Workflow
        Wait-Gate -Name "w$round"
    } while ($round -lt 2)
    do {
        $round--
        Write-Trace -Text "until $round"
        Checkpoint-Workflow
        Wait-Gate -Name "u$round"
    } until ($round -le 0)
    'the end'
}
