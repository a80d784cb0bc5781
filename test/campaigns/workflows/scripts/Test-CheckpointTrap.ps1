workflow Test-CheckpointTrap {
    workflow Save-Failure {
        param($Text)
        Write-Trace -Text "saving $Text"
        Checkpoint-Workflow
        Wait-Gate -Name $Text
        "saved $Text"
    }
    trap [System.DivideByZeroException] { Save-Failure -Text 'zero'; continue }
    trap { Save-Failure -Text 'other'; continue }
    Write-Trace -Text 'first'
    1 / 0
    foreach ($item in 1..3) {
        trap { Checkpoint-Workflow; Wait-Gate -Name "item $item"; "trapped $_"; if ($item -eq 3) { break } else { continue } }
        Write-Trace -Text "item $item"
        if ($item -gt 1) { throw "error $item" }
    }
    'last'
}
