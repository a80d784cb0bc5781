workflow Test-InlineScript {
    param([string] $Name = 'Ada')
    $number = 4
    $table = @{ key = 'value' }
    InlineScript { "Hello $using:Name, $($using:number * 2), $($using:table.key)" }
    InlineScript { "unseen: '$number'" }
    InlineScript {
        $number = 5
        "inside $number"
    }
    "outside $number"
    $number = InlineScript { $Using:number + 1 }
    "now $number"
    $many = InlineScript { 1..3 }
    "$($many.Count) results, the last $($many[-1])"
    InlineScript {
        function Get-Inner([int] $Value) { $Value + 1 }
        Get-Inner 41
        $script:kept = 1
        switch ('x') { 'x' { 'plain PowerShell' } }
    }
    $nothing = InlineScript { }
    "nothing: $($null -eq $nothing)"
}
