workflow Test-CheckpointSwitch {
    $kind = 'b'
    switch ($kind) {
        'a' { Write-Trace -Text 'wrong' }
        'b' {
            Write-Trace -Text 'before'
            Checkpoint-Workflow
            Wait-Gate -Name 1
            $kind = 'a'
            Write-Trace -Text "after, $kind"
        }
        default { Write-Trace -Text 'wrong' }
    }
    'the end'
}
