workflow Test-CheckpointVariable {
    param([string] $Name = 'Ada', [datetime] $When = '2026-01-31')
    $number = 42
    $list = 1, 'two', 3.5
    $table = @{ key = 'value'; inner = @{ deep = $true } }
    $object = [pscustomobject]@{ Name = 'x'; Tags = 'a', 'b' }
    $nothing = $null
    $date = [datetime]'2026-02-03T04:05:06Z'
    $files = Get-Item -LiteralPath /usr
    Checkpoint-Workflow
    Wait-Gate -Name 1
    "$Name $($When.Year) $($number + 1)"
    "$($list.Count) $($list[1])"
    "$($table.key) $($table.inner.deep)"
    "$($object.Name) $($object.Tags.Count)"
    "$($null -eq $nothing) $($date.ToUniversalTime().ToString('s'))"
    $files.FullName
}
