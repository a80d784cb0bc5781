workflow Test-NestedWorkflow {
    param([string] $Name = 'Ada')
    workflow Get-Greeting {
        param([Parameter(Mandatory)] [string] $For, [string] $Word = 'Hello')
        "$Word, $For"
    }
    workflow Get-Own {
        "unseen: '$Name'"
        $Name = 'changed'
    }
    Get-Greeting -For $Name
    $kept = Get-Greeting -For 'Grace' -Word 'Bye'
    $kept
    Get-Own
    "still $Name"
    Get-Sum -Numbers 1, 2, 3
}

workflow Get-Sum {
    param([int[]] $Numbers)
    $sum = 0
    foreach ($number in $Numbers) { $sum += $number }
    "sum $sum"
}
