# What was said before a checkpoint is not said again.
workflow Test-CheckpointOutput {
    'first'
    Write-Warning 'a warning'
    Checkpoint-Workflow
    Wait-Gate -Name 1
    'second'
    $kept = foreach ($number in 1..2) {
        "collected $number"
        Checkpoint-Workflow
        Wait-Gate -Name "c$number"
    }
    $kept
}
