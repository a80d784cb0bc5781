workflow Test-Expression {
    $number = 7
    $number += 3
    $number++
    "$number $(1 + 2 * 3) $([math]::Max(2, 9))"
    '{0:d3}|{1,-4}|' -f 5, 'ab'
    $array = 3, 1, 2
    $array[0] + $array[-1]
    ($array | Sort-Object) -join ''
    $table = @{ one = 1; two = 2 }
    $table['three'] = 3
    $table.two + $table.three
    ($table.Keys | Sort-Object) -join ' '
    'a-b-c' -split '-' -join '+'
    'Runbook' -match '^run(?<rest>.*)$'
    $Matches.rest
    [int] '12' + [int] 30.6
    'abc'.ToUpper().Substring(1)
    $null -eq $undefined
    @'
literal $number
'@
    @"
expanded $number
"@
    $typed = [pscustomobject]@{ A = 1 }
    $typed.A
    $splat = @{ Object = 'splatted' }
    Write-Output @('x', 'y')
    & { 'in a block' }
}
