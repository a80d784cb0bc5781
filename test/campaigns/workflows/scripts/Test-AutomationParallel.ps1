workflow Test-AutomationParallel {
    $regions = foreach -parallel ($name in 'Workflow-Region', 'Workflow-Other') { Get-AutomationVariable -Name $name }
    ($regions | Sort-Object) -join ' '
}
