workflow Test-Checkpoint {
    $count = 1
    Write-Trace -Text "one $count"
    Checkpoint-Workflow
    Wait-Gate -Name 1
    $count++
    Write-Trace -Text "two $count"
    Checkpoint-Workflow
    Wait-Gate -Name 2
    $count++
    Write-Trace -Text "three $count"
    "count $count"
}
