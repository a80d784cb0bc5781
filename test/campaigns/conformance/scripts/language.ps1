#### classes with inheritance and static members
class Animal { [string] $Name; static [int] $Count = 0; Animal([string] $n) { $this.Name = $n; [Animal]::Count++ } [string] Speak() { return "$($this.Name) speaks" } }
class Dog : Animal { Dog([string] $n) : base($n) { } [string] Speak() { return "$(([Animal]$this).Speak()) as a dog" } }
$d = [Dog]::new('Rex')
$d
[Animal]::Count
$d -is [Animal]
#### a class with hidden, validated and default members
class C { [ValidateRange(1, 5)][int] $N = 2; hidden [string] $Secret = 's'; [datetime] $Day = '2024-01-02' }
[C]::new()
[C]@{ N = 3 }
try { [C]@{ N = 9 } } catch { 'refused' }
[C]::new() | Get-Member -MemberType Property | ForEach-Object Name
#### enums and flags
enum Colour { Red; Green = 5; Blue }
[Flags()] enum Rights { Read = 1; Write = 2; All = 3 }
[Colour]::Blue
[int][Colour]::Blue
[Colour]'green'
[Rights]3
[Rights]'Read, Write'
[enum]::GetNames([Colour])
[Colour].GetEnumValues()
try { [Colour]'Black' } catch { 'no such colour' }
#### a class that implements an interface and compares
class P : System.IComparable { [int] $V; P([int] $v) { $this.V = $v } [int] CompareTo([object] $o) { return $this.V.CompareTo($o.V) } }
[P]::new(2) -lt [P]::new(3)
([P]::new(3), [P]::new(1) | Sort-Object).V
#### operators overloaded
class V { [int] $X; V([int] $x) { $this.X = $x } static [V] op_Addition([V] $a, [V] $b) { return [V]::new($a.X + $b.X) } }
([V]::new(1) + [V]::new(2)).X
#### using namespace
using namespace System.Text
using namespace System.Collections.Generic
[StringBuilder]::new('built').ToString()
[List[int]]::new().Count
#### using assembly
using assembly System.Xml.Linq
[System.Xml.Linq.XElement]::new('a', 1).ToString()
#### using module
using module Microsoft.PowerShell.Utility
(Get-Module Microsoft.PowerShell.Utility).Name
#### using module that is not there
using module NoSuchModule
'never'
#### requires that are met
#Requires -Version 7.0
#Requires -PSEdition Core
#Requires -Modules Microsoft.PowerShell.Utility
'runs'
#### requires a version that is not there
#Requires -Version 99.0
'never'
#### requires a module that is not there
#Requires -Modules NoSuchModule
'never'
#### here-strings
$x = 'value'
@"
expanded $x "quoted" $(1 + 1)
  indented
"@
@'
plain $x 'quoted'
'@
#### expansion in strings
$h = @{ key = 'v' }; $a = 1, 2, 3; $o = [pscustomobject]@{ P = 'p' }
"$h $a $o $($h.key) $($a[1]) $($o.P) ${h} $a[0] `$x `" ''"
"$null|$true|$(1,2)|$([datetime]'2024-01-02')|$(1.5)"
$OFS = '-'
"$a"
#### the format operator
'{0} {1:n2} {2:x} {3,8}|{3,-8}|' -f 'a', 1234.567, 255, 'pad'
'{0:yyyy-MM-dd} {1:p1} {2:c} {3:000.0}' -f [datetime]'2024-02-29', 0.256, 12.5, 7
#### operators on collections
1, 2, 3, 2 -eq 2
1, 2, 3 -ne 2
'a', 'b' -contains 'B'
'a', 'b' -ccontains 'B'
2 -in 1, 2
'abc', 'xbc' -like 'a*'
'abc', 'xbc' -match '^x'
#### arithmetic and conversion
7 / 2; 6 / 2; 7 % 3; [int]2.5; [int]3.5; 2147483647 + 1; '5' + 3; 5 + '3'; '5' * 3; 0x1F; 1e3; 1kb; 5 -shl 2; -bnot 5; 6 -band 3; [int]'0x10'
#### comparison of unlike things
'10' -gt 9; 10 -gt '9'; 'a' -eq 'A'; 'a' -ceq 'A'; $null -eq 0; $true -eq 'false'; @() -eq $null; [string]::Empty -eq ''
#### ternary, null-coalescing, null-conditional
$n = $null
$n ?? 'default'
$n ??= 'set'
$n
$true ? 'yes' : 'no'
${n}?.Length
${nothing}?.Length
${nothing}?[0]
#### ranges, slices and unrolling
1..5; 5..1; 'a'..'e'
(1..10)[2..4]
(1..10)[-1, 0]
('abc', 'de').Length
('abc', 'de').ToUpper()
#### assignments to many
$a, $b, $rest = 1, 2, 3, 4
"$a $b $rest"
$x = $y = 5
"$x $y"
$x += 2; $x *= 3; $x
$i = 5; $i++; ++$i; $i
#### switch with regex, wildcard, file and block
switch -Regex ('abc', 'x1') { '^a' { "a: $_" } '\d' { "digit: $_" } default { 'none' } }
switch -Wildcard ('file.txt') { '*.txt' { 'text' } 'file*' { 'file'; break } default { 'no' } }
switch (5) { { $_ -gt 3 } { 'big'; continue } default { 'small' } }
switch -CaseSensitive ('A') { 'a' { 'lower' } 'A' { 'upper' } }
#### loops with labels
:outer foreach ($i in 1..3) { foreach ($j in 1..3) { if ($j -eq 2) { continue outer }; if ($i -eq 3) { break outer }; "$i $j" } }
$n = 0; do { $n++ } while ($n -lt 3); $n
do { $n-- } until ($n -le 0); $n
for ($i = 0; $i -lt 3; $i++) { $i }
while ($true) { 'once'; break }
#### scopes
$v = 'script'
function f { $v = 'local'; $v; $script:v; $global:v }
f
function g { $script:v = 'changed' }
g; $v
& { $v = 'child' }; $v
. { $v = 'dotted' }; $v
#### private and constant variables
Set-Variable ro 1 -Option ReadOnly
try { $ro = 2 } catch { $_.FullyQualifiedErrorId }
Set-Variable co 1 -Option Constant
try { Remove-Variable co -Force -ErrorAction Stop } catch { $_.FullyQualifiedErrorId }
#### hashtables
$h = @{ b = 1; a = 2 }
$h.Keys | Sort-Object
$h.c = 3; $h['d'] = 4
$h.Count; $h.ContainsKey('A'); $h.Remove('a'); $h.Count
$h.missing -eq $null
foreach ($k in $h.Keys | Sort-Object) { "$k=$($h[$k])" }
(@{ x = 1 } + @{ y = 2 }).Count
try { @{ x = 1 } + @{ x = 2 } } catch { 'twice' }
#### ordered dictionaries
$o = [ordered]@{ z = 1; a = 2; m = 3 }
$o
$o[0]; $o['a']; $o.Keys -join ','
$o.Insert(1, 'new', 9); $o.Keys -join ','
#### splatting
function f { param($A, $B, [switch] $S, [Parameter(ValueFromRemainingArguments)] $Rest) "A=$A B=$B S=$S Rest=$Rest" }
$h = @{ A = 1; S = $true }
f @h -B 2
$list = 1, 2, 3, 4
f @list
function g { f @args }
g -A 5 -B 6
$d = @{ A = 1 }; f @d -A:2 2>&1 | ForEach-Object { $_.FullyQualifiedErrorId }
#### script blocks and closures
$n = 1
$closure = { $n }.GetNewClosure()
$n = 2
& $closure; & { $n }
$add = { param($a, $b) $a + $b }
& $add 1 2
$add.Invoke(3, 4)
{ $_ * 2 }.InvokeWithContext($null, [psvariable]::new('_', 21))
#### delayed script blocks and psobject
$o = [pscustomobject]@{ A = 1 }
$o | Add-Member NoteProperty B 2 -PassThru | Add-Member ScriptProperty Sum { $this.A + $this.B }
$o.Sum
$o.PSObject.Properties.Name -join ','
$o.PSObject.TypeNames[0]
#### casts
[int[]]('1', '2'); [string](1, 2); [bool]'false'; [bool]0; [char]97; [datetime]'2024-01-02 03:04'; [xml]'<a>x</a>' | ForEach-Object a; [regex]'a+' | ForEach-Object ToString; [version]'1.2' | ForEach-Object Minor
'5' -as [int]; 'x' -as [int]; [nullable[int]]$null -eq $null; [array]1 | ForEach-Object GetType | ForEach-Object Name
#### strings by methods
'a,b;c' -split '[,;]'; 'a b  c'.Split(' '); 'abc'.Substring(1); 'abc'.IndexOf('c'); ' x '.Trim() + '|'; 'abc'.Replace('b', 'B'); 'x'.PadLeft(3, '.'); 'abc'[-1]; -join ('a', 'b'); 'a', 'b' -join '+'; 'abc'.ToCharArray() -join ' '
#### regular expressions
'2024-02-29' -match '(?<y>\d+)-(?<m>\d+)'; $Matches.y; $Matches['m']; $Matches[0]
'abc' -replace '(b)', '[$1]'; 'abc' -replace 'b', { $_.Value.ToUpper() }; 'aAa' -creplace 'a', 'x'
[regex]::Matches('a1b22', '\d+').Value
'one two' | Select-String '\w+' -AllMatches | ForEach-Object { $_.Matches.Value }
'a1', 'b2' | Select-String 'b'
#### dates
$d = [datetime]'2024-02-29 13:45:10'
$d; $d.AddYears(1).ToString('yyyy-MM-dd'); $d.DayOfWeek; $d.ToString('o'); "$d"; $d - [datetime]'2024-01-01'
Get-Date $d -Format 'yyyy/MM/dd HH:mm'; Get-Date $d -UFormat '%Y-%m-%d %j'; (Get-Date $d).Ticks
[datetimeoffset]::FromUnixTimeSeconds(0).ToString('u'); New-TimeSpan -Hours 1 -Minutes 30
[datetime]::ParseExact('29.02.2024', 'dd.MM.yyyy', $null)
Get-Date -Date $d -DisplayHint Date
#### data sections and constants
data d { ConvertFrom-StringData "a=1`nb=2" }
$d.a
$MaximumHistoryCount
$PSHOME.Length -gt 0
