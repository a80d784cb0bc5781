workflow Test-WorkflowVariable {
    $seen = 'outer'
    $list = @()
    foreach -parallel -throttlelimit 1 ($number in 1..3) {
        $seen = 'inner'
        $workflow:list += $number
    }
    "$seen"
    "$list"
    parallel {
        $workflow:left = 1
        $workflow:right = 2
    }
    $left + $right
    sequence { $workflow:seen = 'changed' }
    $seen
}
