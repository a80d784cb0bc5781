workflow Test-InlineScriptScope {
    InlineScript { $global:kept = 'global'; $env:RUNSMITH_KEPT = 'env'; function global:Get-Kept { 'function' } }
    InlineScript { "'$global:kept' $(Get-Command Get-Kept -ErrorAction SilentlyContinue)" }
    $list = New-Object System.Collections.ArrayList
    $null = $list.Add('one')
    $count = InlineScript {
        $copy = $using:list
        $null = $copy.Add('two')
        $copy.Count
    }
    "$count inside, $($list.Count) outside"
}
