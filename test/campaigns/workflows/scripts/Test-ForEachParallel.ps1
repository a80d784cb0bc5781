workflow Test-ForEachParallel {
    param([string[]] $Names)
    $prefix = 'Hello'
    $greetings = foreach -parallel ($name in $Names) {
        $greeting = "$prefix, $name"
        Write-Output $greeting
    }
    $greetings | Sort-Object
    "after: '$name' '$greeting' $($greetings.Count)"
    foreach -parallel ($nothing in @()) { 'never' }
}
