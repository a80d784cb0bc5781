workflow Test-Return {
    param([bool] $Early)
    workflow Get-Number {
        param([int] $Number)
        if ($Number -gt 1) { return 'many' }
        'few'
    }
    Get-Number -Number 2
    Get-Number -Number 1
    if ($Early) {
        'early'
        return
    }
    'late'
}
