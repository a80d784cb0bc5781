#### bit operators
5 -band 3; 5 -bor 3; 5 -bxor 3; -bnot 5
1 -shl 4; 256 -shr 2; -16 -shr 2
0xFF -band 0x0F
1 -shl 31; 1L -shl 40
[uint32]::MaxValue -shr 28
#### integer literals and suffixes
1kb; 2mb; 1gb; 1.5kb
0xFF; 0b1010; 1e3; 1e-3
1l; 1d; 1u; 1s; 1y; 1us; 1uy; 1ul; 1n
(1u).GetType().Name; (1y).GetType().Name; (1n).GetType().Name; (1d).GetType().Name
2147483648; (2147483648).GetType().Name
99999999999999999999; (99999999999999999999).GetType().Name
#### arithmetic of unlike numbers
7 / 2; 6 / 2; 7 % 3; -7 % 3
(6 / 2).GetType().Name; (7 / 2).GetType().Name
1 + 1.5; 1d + 1; (1d + 1).GetType().Name
[int]::MaxValue + 1; ([int]::MaxValue + 1).GetType().Name
'3' + 4; 3 + '4'; '3' * 3
@(1, 2) + 3; @(1, 2) * 2
10 - '4'
#### rounding of casts
[int]0.5; [int]1.5; [int]2.5; [int]-1.5
[math]::Round(2.5); [math]::Round(2.5, [MidpointRounding]::AwayFromZero)
[math]::Floor(-1.5); [math]::Truncate(-1.5); [math]::Ceiling(1.2)
[int]'0x1F'; [int]' 12 '; [double]'1e2'
#### math functions
[math]::Pow(2, 10); [math]::Sqrt(2); [math]::Abs(-3); [math]::Max(3, 7)
[math]::PI; [math]::E
[math]::DivRem(17, 5, [ref]$null)
[math]::Log(8, 2); [math]::Sin(0)
[bigint]::Pow(2, 100)
#### not a number and infinity
[double]::NaN; [double]::PositiveInfinity; [double]::NaN -eq [double]::NaN
1.0 / 0
try { 1 / 0 } catch { $_.Exception.Message }
[double]::NaN.ToString(); -0.0
#### increment and compound assignment
$i = 5; $i++; ++$i; $i; $i--; $i
($i++); (++$i)
$i += 2; $i -= 1; $i *= 3; $i /= 2; $i %= 5; $i
$s = 'a'; $s += 'b'; $s *= 2; $s
$n = $null; $n += 1; $n
$n ??= 'kept'; $n
$undefined ??= 'set'; $undefined
#### ternary
$true ? 'yes' : 'no'
(5 -gt 3) ? (2 -gt 1 ? 'both' : 'one') : 'none'
$x = $null
$x ? 'x' : 'no x'
@() ? 'full' : 'empty'; @(0) ? 'full' : 'zero'; @(0, 0) ? 'full' : 'empty'
'' ? 1 : 2; 'False' ? 1 : 2
#### null-coalescing and null-conditional
$null ?? 'default'; '' ?? 'default'; 0 ?? 1
$o = [pscustomobject]@{ A = [pscustomobject]@{ B = 1 } }
${o}?.A?.B; ${o}?.Missing?.B
$list = $null
${list}?[0]
${o}?.ToString()
$h = @{}
$h['a'] ??= 5; $h['a'] ??= 6; $h.a
#### chains of and-or
/bin/true && 'after true'
/bin/false && 'never'
/bin/false || 'after false'
Get-Item /nonexistent -ErrorAction SilentlyContinue || 'after an error'
Get-Item /usr | Out-Null && 'after a command'
1 -eq 2 && 'an expression that is false is a success'
/bin/false || /bin/true && 'both'
$LASTEXITCODE
#### dollar question mark of many things
Get-Item /nonexistent 2>$null; $?
$x = 1; $?
(Get-Item /nonexistent 2>$null); $?
$(Get-Item /nonexistent 2>$null); $?
/bin/false; $?
/bin/true; $?
1 / 0 2>$null; $?
Write-Error x 2>$null; $?
& { Write-Error x } 2>$null; $?
function f { [CmdletBinding()] param() $PSCmdlet.WriteError([System.Management.Automation.ErrorRecord]::new([Exception]::new('e'), 'id', 'NotSpecified', $null)) }
f 2>$null; $?
#### LASTEXITCODE of programs in odd places
sh -c 'exit 3'; $LASTEXITCODE
$x = sh -c 'echo out; exit 4'; "$x $LASTEXITCODE"
"in text $(sh -c 'exit 5') $LASTEXITCODE"
sh -c 'exit 6' | Out-Null; $LASTEXITCODE
& { sh -c 'exit 7' }; $LASTEXITCODE
if (sh -c 'echo x; exit 8') { $LASTEXITCODE }
1..3 | ForEach-Object { sh -c "exit $_" }; $LASTEXITCODE
#### comparison of collections and text
1, 2, 3 -eq 2; 1, 2, 3 -ne 2; 1, 2, 3 -gt 1
'a', 'B' -ceq 'b'; 'a', 'B' -eq 'b'
'abc' -lt 'abd'; 'a' -cgt 'A'; 'a' -clt 'A'
'10' -lt 9; 10 -lt '9'
$null -eq @(); @() -eq $null; @($null).Count
1 -eq '1.0'; '1.0' -eq 1
#### contains, in, like, match and their opposites
1, 2 -contains 2; 3 -in 1, 2; 3 -notin 1, 2; 1, 2 -notcontains 1
'abc' -like 'a*'; 'abc' -clike 'A*'; 'abc' -notlike '*c'; 'a[b' -like 'a`[b'
'abc' -match 'b(?<rest>.)'; $Matches.rest; $Matches[0]
'ABC' -cmatch 'b'; 'abc', 'xbz' -match 'b'
'one two' -replace '(\w+) (\w+)', '$2 $1'
'abc' -replace 'b', { $_.Value.ToUpper() }
'a1b22' -replace '\d+', { "<$($_.Value.Length)>" }
#### split and join
'a,b;c' -split '[,;]'; 'a,b,c' -split ',', 2; 'aXbxc' -csplit 'x'
-split ' a  b c '
'a1b2' -split { $_ -in '1', '2' }
1, 2, 3 -join '-'; -join ('a', 'b')
'a.b.c' -split '.', 0, 'SimpleMatch'
'abc' -split ''
(',a,' -split ',').Count
#### is, as and isnot
1 -is [int]; 1 -isnot [string]; 'x' -is [object]; $null -is [object]
'12' -as [int]; 'x' -as [int]; [datetime] -as [type]
([pscustomobject]@{}) -is [pscustomobject]
'x' -is [System.Collections.IEnumerable]
#### ranges
1..5 -join ','; 5..1 -join ','; -2..2 -join ','
'a'..'e' -join ','; 'e'..'a' -join ','
(1..0).Count; ('1'..'3').GetType().Name
$n = 3; (1..$n)[-1]; (1..10)[2..4] -join ','; (1..10)[-3..-1] -join ','
(1..5)[0, 2, 9]
#### indexes and slices
$a = 'a', 'b', 'c', 'd'
$a[0]; $a[-1]; $a[1..2]; $a[0, 3]; $a[99]; $a[-99]
'text'[0]; 'text'[-1]; ('text'[0..1]) -join ''
$m = [int[, ]]::new(2, 2); $m[1, 1] = 5; $m[1, 1]; $m.Rank
$j = @(@(1, 2), @(3, 4)); $j[1][0]
@{ a = 1; b = 2 }['a', 'b']
#### unary operators and casts together
-'5'; +'5'; !'x'; -not 0; !!1
, 1 | ForEach-Object { $_.GetType().Name }
[string]1 + 1; [string](1 + 1)
[string[]](1, 2) -join '+'
[int[]]'1', '2' -is [array]
#### precedence
2 + 3 * 4; (2 + 3) * 4; -2 * -3; 10 - 2 - 3
'a' + 'b' -eq 'ab'
-not 1 -eq 2
1, 2 + 3, 4
1..2 + 3
'x' * 2 + 'y'
$true -or $false -and $false
$true -xor $true
#### subexpressions, arrays and groups
$(1; 2); @(1; 2); (1, 2)
@(); @($null).Count; @(@(1)).Count; (, @(1, 2)).Count
"$(1, 2, 3)"; "$(@())|"
$x = $(if ($true) { 'if as a value' }); $x
$y = foreach ($i in 1..3) { $i * 2 }; "$y"
$z = switch (2) { 1 { 'one' } 2 { 'two' } }; $z
#### null in many places
$null; @($null); "[$null]"; $null + 1; 1 + $null; $null -eq 0; $null -lt 1
foreach ($x in $null) { 'never' }
$null | ForEach-Object { 'once' }
@() | ForEach-Object { 'never' }
[string]$null -eq ''; [int]$null; [bool]$null
$null.Count; $null.Length; $null.Property; $null[0]
#### automatic properties of scalars
(5).Count; 'x'.Count; 'abc'.Length; (5).Length; (1, 2).Count
(5)[0]; 'abc'.Where
(1, 2, 3).Where({ $_ -gt 1 }); (1, 2, 3).ForEach({ $_ * 2 }); (1, 2, 3).ForEach([string])
(1..6).Where({ $_ -gt 2 }, 'First', 2); (1..6).Where({ $_ -gt 3 }, 'Split')[1] -join ','
(1..6).Where({ $_ -eq 4 }, 'Until'); (1..6).Where({ $_ -eq 4 }, 'SkipUntil')
#### variables of odd names
${a b} = 1; ${a b}
${x-y} = 2; "${x-y}"
$å = 'umlaut'; $å
$global:g = 'g'; $script:g; $g
${env:PATH}.Length -gt 0
Set-Variable 'dynamic name' 3; Get-Variable 'dynamic name' -ValueOnly
$_x1 = 4; $_x1
