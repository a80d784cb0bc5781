#### begin, process and end
function Sum-It { begin { $s = 0; 'begin' } process { $s += $_; "process $_" } end { "end $s" } }
1..3 | Sum-It
Sum-It
@() | Sum-It
#### clean
function With-Clean { process { $_; if ($_ -eq 2) { throw 'two' } } end { 'end' } clean { Write-Host 'clean' } }
1..3 | With-Clean
#### clean after a stop upstream
function Cleaned { begin { Write-Host 'open' } process { $_ } clean { Write-Host 'closed' } }
1..10 | Cleaned | Select-Object -First 2
'after'
#### ValueFromPipeline and ByPropertyName
function Get-It {
    param([Parameter(ValueFromPipeline)][int] $Number, [Parameter(ValueFromPipelineByPropertyName)][string] $Name)
    process { "$Number $Name" }
}
1, 2 | Get-It -Name x
[pscustomobject]@{ Name = 'by property' } | Get-It
'not a number' | Get-It
#### ValueFromRemainingArguments and args
function Rest { param($First, [Parameter(ValueFromRemainingArguments)] $Rest) "$First | $($Rest -join ',') $($Rest.Count)" }
Rest a b c; Rest a; Rest -First x y z
function Plain { "$args $($args.Count)" }
Plain 1 -Flag two; Plain -- -x
#### PSBoundParameters and defaults
function B { param($X = 5, [switch] $S, $Y) ($PSBoundParameters.GetEnumerator() | Sort-Object Key | ForEach-Object { "$($_.Key)=$($_.Value)" }) -join ' ' }
B; B -X 1; B -S; B 1 2; B -S:$false
function Fwd { B @PSBoundParameters }; Fwd
$PSDefaultParameterValues['B:Y'] = 'default'; B
#### splatting with overrides
function S { param($A, $B, [switch] $C) "$A $B $C" }
$h = @{ A = 1; C = $true }; S @h -B 2; S @h -A 9 -ErrorAction SilentlyContinue
$a = 'x', 'y'; S @a
$h2 = @{ B = 3 }; S @h @h2
#### dynamic parameters
function Dyn {
    [CmdletBinding()] param([string] $Kind)
    dynamicparam {
        $d = [System.Management.Automation.RuntimeDefinedParameterDictionary]::new()
        if ($Kind -eq 'file') {
            $a = [System.Collections.ObjectModel.Collection[System.Attribute]]::new(); $a.Add([Parameter]@{ Mandatory = $true })
            $d.Add('Path', [System.Management.Automation.RuntimeDefinedParameter]::new('Path', [string], $a))
        }
        $d
    }
    end { "$Kind $($PSBoundParameters['Path'])" }
}
Dyn -Kind file -Path /x; Dyn -Kind other
Dyn -Kind other -Path /x
#### argument completers change nothing
function Comp { param([ArgumentCompleter({ 'a', 'b' })][string] $V, [ArgumentCompletions('x', 'y')] $W) "$V $W" }
Comp -V free -W also
Register-ArgumentCompleter -CommandName Comp -ParameterName V -ScriptBlock { 'c' }
Comp z
#### argument transformation
class Upper : System.Management.Automation.ArgumentTransformationAttribute { [object] Transform([System.Management.Automation.EngineIntrinsics] $e, [object] $i) { return "$i".ToUpper() } }
function T { param([Upper()] $X) $X }
T abc
function V { param([ValidateScript({ $_ -gt 2 }, ErrorMessage = '{0} is too small')] $N) $N }
V 3; V 1
#### ShouldProcess with WhatIf
function Remove-Thing { [CmdletBinding(SupportsShouldProcess)] param($Name) if ($PSCmdlet.ShouldProcess($Name, 'Remove')) { "removed $Name" } }
Remove-Thing a; Remove-Thing b -WhatIf; Remove-Thing c -Confirm:$false
$WhatIfPreference = $true; Remove-Thing d
#### filters and simple functions
filter Even { if ($_ % 2 -eq 0) { $_ } }
1..6 | Even
function Twice { $input | ForEach-Object { $_ * 2 } }
1..3 | Twice
function Count-Input { @($input).Count }; 1..4 | Count-Input
#### ForEach-Object with begin, end and members
1..3 | ForEach-Object -Begin { 'b' } -Process { $_ } -End { 'e' }
'a', 'bb' | ForEach-Object Length
'a', 'b' | ForEach-Object ToUpper
1..3 | ForEach-Object { 'x' } { "p$_" } { 'z' }
'abc' | ForEach-Object Substring 1
#### Where-Object forms
1..5 | Where-Object { $_ -gt 3 }
@{ N = 1 }, @{ N = 2 } | ForEach-Object { [pscustomobject]$_ } | Where-Object N -EQ 2
'apple', 'bob' | Where-Object Length -GT 3; 'a', '', $null, 'b' | Where-Object { $_ }
'x1', 'y2' | Where-Object { $_ -match '\d' }; Get-Item /usr, /bin/env | Where-Object PSIsContainer | ForEach-Object Name
#### Select-Object forms
1..10 | Select-Object -First 2; 1..10 | Select-Object -Last 2; 1..10 | Select-Object -Skip 8; 1..10 | Select-Object -SkipLast 8
1..10 | Select-Object -Index 2, 4; 1, 1, 2 | Select-Object -Unique
[pscustomobject]@{ A = 1; B = 2; C = 3 } | Select-Object A, @{ n = 'Sum'; e = { $_.B + $_.C } }
[pscustomobject]@{ A = 1; B = 2 } | Select-Object * -ExcludeProperty A
[pscustomobject]@{ L = 1, 2 } | Select-Object -ExpandProperty L
'x' | Select-Object Length, Nope
#### Group-Object forms
1..6 | Group-Object { $_ % 3 }
'a', 'b', 'a' | Group-Object -NoElement
('a', 'b', 'a' | Group-Object -AsHashTable -AsString)['a'].Count
[pscustomobject]@{ K = 1; V = 'x' }, [pscustomobject]@{ K = 1; V = 'y' } | Group-Object K | ForEach-Object { "$($_.Name): $($_.Group.V -join ',')" }
'A', 'a' | Group-Object -CaseSensitive | Measure-Object | ForEach-Object Count
#### Sort-Object forms
3, 1, 2 | Sort-Object -Descending
[pscustomobject]@{ A = 2; B = 1 }, [pscustomobject]@{ A = 1; B = 9 }, [pscustomobject]@{ A = 1; B = 3 } | Sort-Object A, @{ e = 'B'; Descending = $true }
'10', '9' | Sort-Object { [int]$_ }; 3, 1, 2 | Sort-Object -Top 2; 3, 1, 2 | Sort-Object -Bottom 1
1, 'a', 2 | Sort-Object; @{ b = 1; a = 2 }.GetEnumerator() | Sort-Object Name
#### Measure-Object forms
1..5 | Measure-Object -Sum -Average -Minimum -Maximum -StandardDeviation
'a b', 'c' | Measure-Object -Word -Line -Character
[pscustomobject]@{ V = 2 }, [pscustomobject]@{ V = 4 } | Measure-Object V -AllStats | Select-Object Sum, Average
(1..3 | Measure-Object).Count; @() | Measure-Object
#### Tee-Object and Out-Null
1..3 | Tee-Object -Variable kept | ForEach-Object { $_ * 10 }
"$kept"
$f = [IO.Path]::GetTempFileName(); 'x', 'y' | Tee-Object $f | Out-Null; Get-Content $f
1..3 | Out-Null
#### -OutVariable and -PipelineVariable
1..3 | ForEach-Object -OutVariable out { $_ * 2 } | Out-Null; "$out"
1..2 | ForEach-Object -PipelineVariable n { $_ } | ForEach-Object { 'a', 'b' } | ForEach-Object { "$n$_" }
Get-Item /nonexistent -ErrorVariable err -ErrorAction SilentlyContinue; $err.Count; "$($err[0])"
#### steppable pipelines
$p = { ForEach-Object { "got $_" } }.GetSteppablePipeline()
$p.Begin($true); $p.Process(1); $p.Process(2); $p.End()
#### unrolling of collections in pipelines
, (1, 2) | ForEach-Object { $_.Count }
(1, 2), (3, 4) | ForEach-Object { "$_" }
@{ a = 1 } | ForEach-Object { $_.GetType().Name }
Write-Output (1, 2) -NoEnumerate | ForEach-Object { $_.Count }
[System.Collections.ArrayList](1, 2) | Measure-Object | ForEach-Object Count
'text' | ForEach-Object { $_.Length }
#### Invoke-Command, call and dot
$b = { param($x) $y = $x; "block $x" }
& $b 1; . $b 2; $y; Invoke-Command $b -ArgumentList 3; $b.Invoke(4); $b.InvokeReturnAsIs(5)
& 'Get-Item' /usr | ForEach-Object Name
& { $args.Count } 1 2 3
Invoke-Expression '"expr $(1 + 1)"'
#### closures
$n = 1; $c = { "n is $n" }.GetNewClosure(); $n = 2; & $c; & { "n is $n" }
function Make-Adder($by) { { param($x) $x + $by }.GetNewClosure() }
& (Make-Adder 5) 1
#### recursion and returned functions
function Fact([int] $n) { if ($n -le 1) { 1 } else { $n * (Fact ($n - 1)) } }
Fact 10
function Walk($t, $d = 0) { (' ' * $d) + $t.N; foreach ($c in $t.C) { Walk $c ($d + 1) } }
Walk @{ N = 'root'; C = @(@{ N = 'a'; C = @(@{ N = 'a1' }) }, @{ N = 'b' }) }
#### switch with regex, wildcard, several matches
switch -Regex ('a1', 'b', 'c2') { '^a' { "starts $_" } '\d' { "digit $($Matches[0])" } default { "none $_" } }
switch -Wildcard ('file.txt') { '*.txt' { 'text'; continue } '*' { 'never' } }
switch -CaseSensitive ('A') { 'a' { 'small' } 'A' { 'large' } }
switch (1..4) { { $_ % 2 } { "odd $_" } 4 { 'four'; break } 2 { 'two' } }
switch ('x', $null) { 'x' { 'x' } $null { 'null' } }
#### switch over a file
$f = [IO.Path]::GetTempFileName(); Set-Content $f 'one', 'two', 'three'
switch -File $f -Regex { '^t' { "t: $_" } default { "other: $_" } }
#### loops
for ($i = 0; $i -lt 3; $i++) { $i }
$i = 3; while ($i -gt 0) { $i--; if ($i -eq 1) { continue }; $i }
do { $i++ } until ($i -ge 2); $i
do { 'once' } while ($false)
:outer foreach ($a in 1..3) { foreach ($b in 1..3) { if ($b -eq 2) { continue outer }; if ($a -eq 3) { break outer }; "$a$b" } }
foreach ($k in (@{ x = 1 }).Keys) { $k }
for (($a = 0), ($b = 5); $a -lt $b; $a++, $b--) { "$a $b" }
#### enumerators
$e = (1..3).GetEnumerator(); while ($e.MoveNext()) { $e.Current }
foreach ($p in ([ordered]@{ z = 1; a = 2 }).GetEnumerator()) { "$($p.Key)=$($p.Value)" }
function Gen { 1; 2; 3 }; foreach ($x in Gen) { $x; if ($x -eq 2) { break } }
