workflow Suspend-Once {
    param([string] $Name = 'Ada')
    $greeting = "Hello, $Name"
    Write-Trace -Text 'before'
    Suspend-Workflow
    Write-Trace -Text 'after'
    $greeting
}
