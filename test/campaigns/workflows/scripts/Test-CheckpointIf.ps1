workflow Test-CheckpointIf {
    param([bool] $Fine = $true)
    if ($Fine) {
        Write-Trace -Text 'before'
        if ($Fine -and $true) {
            Checkpoint-Workflow
            Wait-Gate -Name 1
            $Fine = $false
        }
        Write-Trace -Text 'behind the inner one'
    }
    else { Write-Trace -Text 'wrong' }
    if ($Fine) { Write-Trace -Text 'wrong' }
    elseif (-not $Fine) {
        Checkpoint-Workflow
        Wait-Gate -Name 2
        Write-Trace -Text 'second branch'
    }
    'the end'
}
