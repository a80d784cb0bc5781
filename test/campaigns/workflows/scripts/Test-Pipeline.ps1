workflow Test-Pipeline {
    1..6 | Where-Object { $_ % 2 -eq 0 } | ForEach-Object { $_ * 10 }
    $sorted = 'pear', 'apple', 'fig' | Sort-Object
    $sorted -join ','
    'a', 'bb', 'ccc' | Measure-Object -Property Length -Sum | Select-Object -ExpandProperty Sum
    $objects = foreach ($n in 1..2) { New-Object psobject -Property @{ Name = "n$n"; Value = $n } }
    ($objects | Where-Object -Property Value -GT -Value 1).Name
    'text' | Write-Output
    Get-Item -LiteralPath /usr | Select-Object -Property Name
}
