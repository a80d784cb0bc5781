#### constructors and overloads
class Point {
    [int] $X; [int] $Y
    Point() { }
    Point([int] $x, [int] $y) { $this.X = $x; $this.Y = $y }
    [string] ToString() { return "($($this.X), $($this.Y))" }
    static [Point] Origin() { return [Point]::new() }
    [Point] Plus([Point] $o) { return [Point]::new($this.X + $o.X, $this.Y + $o.Y) }
}
[Point]::new('a', 1)
[Point]::new(1, 2); "$([Point]::Origin())"; [Point]::new(1, 2).Plus([Point]::new(3, 4))
[Point]@{ X = 5; Y = 6 }
'text'
#### base constructors and methods
class Animal { [string] $Name; Animal([string] $n) { $this.Name = $n }; [string] Speak() { return '...' } }
class Dog : Animal { Dog([string] $n) : base("Dog $n") { }; [string] Speak() { return "Wuff, $(([Animal]$this).Speak())" } }
$d = [Dog]::new('Rex'); $d.Name; $d.Speak(); $d -is [Animal]; $d.GetType().BaseType.Name
$d
#### abstract by throwing
class Shape { [double] Area() { throw [NotImplementedException]::new('Area') } }
class Square : Shape { [double] $Side = 2; [double] Area() { return $this.Side * $this.Side } }
[Square]::new().Area()
[Shape]::new().Area()
#### properties of a class with validation
class Limited { [ValidateRange(1, 5)][int] $N = 3; [ValidateSet('a', 'b')][string] $S = 'a'; [ValidateNotNullOrEmpty()][string] $T = 't' }
$l = [Limited]::new(); "$($l.N) $($l.S) $($l.T)"
$l.N = 9
$l.S = 'c'
$l.T = ''
$l.N
#### static members and counters
class Counter { static [int] $Count = 0; hidden [int] $Id; Counter() { $this.Id = ++[Counter]::Count } }
1..3 | ForEach-Object { [void][Counter]::new() }
[Counter]::Count; [Counter]::new()
[Counter] | Get-Member -Static -MemberType Property | ForEach-Object Name
#### generics
$l = [System.Collections.Generic.List[int]]::new(); $l.Add(3); $l.Add(1); $l.Sort(); $l
$d = [System.Collections.Generic.Dictionary[string, int]]::new(); $d['a'] = 1; $d['b'] = 2; $d
$d.ContainsKey('a'); $d.Keys; $d['missing']
$s = [System.Collections.Generic.HashSet[string]]::new([string[]]('x', 'y', 'x')); $s.Count
$q = [System.Collections.Generic.Queue[object]]::new(); $q.Enqueue('q'); $q.Dequeue()
[Tuple]::Create(1, 'a'); [System.ValueTuple]::Create(1, 2)
#### generic methods
[Linq.Enumerable]::Range(1, 4)
[Linq.Enumerable]::Sum([int[]](1, 2, 3))
[Linq.Enumerable]::Where([int[]](1..5), [Func[int, bool]] { param($x) $x -gt 3 })
[array]::ConvertAll([int[]](1, 2), [Converter[int, string]] { "<$($args[0])>" })
[array]::IndexOf((1, 2, 3), 2); [array]::Reverse
#### enums in all forms
enum Color { Red; Green = 5; Blue }
[Color]::Green; [int][Color]::Blue; [Color]'red'; [Color]5; [Color]::Red -eq 'Red'
[enum]::GetNames([Color]); [enum]::GetValues([Color]) | ForEach-Object { [int]$_ }
[Color]'purple'
[Color]99
[Color].IsEnum
#### flags
[Flags()] enum Rights { None = 0; Read = 1; Write = 2; All = 3 }
[Rights]'Read, Write'; [Rights]3; [Rights]::Read -bor [Rights]::Write; ([Rights]::All).HasFlag([Rights]::Write)
[IO.FileAttributes]'ReadOnly, Hidden'; [int][IO.FileAttributes]'ReadOnly, Hidden'
[pscustomobject]@{ R = [Rights]::All; D = [DayOfWeek]::Friday }
#### enum with an underlying type
enum Small : byte { A = 200; B }
[Small]::B.value__; [Small].GetEnumUnderlyingType().Name
enum Big : long { X = 4294967296 }
[long][Big]::X
#### using namespace and its names
using namespace System.Collections.Generic
using namespace System.IO
[List[string]]::new().Count; [Path]::Combine('a', 'b'); [Dictionary[string, List[int]]]::new().GetType().Name
#### using module with a class
using module /no/such/module.psm1
'never'
#### a module with a class, loaded while it runs
$f = Join-Path ([IO.Path]::GetTempPath()) 'Shapes.psm1'
Set-Content $f 'class Circle { [int] $R = 2 }
function New-Circle { [Circle]::new() }
$script:hidden = 1
Export-ModuleMember -Function New-Circle'
Import-Module $f -Force
New-Circle; (Get-Command New-Circle).ModuleName; $hidden
$m = Get-Module Shapes; $m.ExportedFunctions.Keys; & $m { $hidden }
Remove-Module Shapes; Get-Command New-Circle -ErrorAction SilentlyContinue
#### New-Module and dynamic modules
$m = New-Module -Name Dyn -ScriptBlock { $n = 0; function Step { (++$script:n) }; Export-ModuleMember Step } | Import-Module -PassThru
Step; Step; $m.Name; $m.ModuleType
$o = New-Module -AsCustomObject { $v = 1; function Get { $v } ; Export-ModuleMember -Variable v -Function Get }
$o.v; $o.Get()
#### using assembly by name
using assembly System.Net.Http
[System.Net.Http.HttpMethod]::Get.Method
#### Add-Type with C#
Add-Type -TypeDefinition 'public static class Adder { public static int Add(int a, int b) => a + b; public enum Kind { One, Two } }'
[Adder]::Add(2, 3); [Adder+Kind]::Two
Add-Type -MemberDefinition 'public static string Hi(string n) { return "hi " + n; }' -Name Greeter -Namespace Demo
[Demo.Greeter]::Hi('x')
#### Add-Type that does not compile
try { Add-Type -TypeDefinition 'public class Broken { int x = "a"; }' -ErrorAction Stop } catch { $_.FullyQualifiedErrorId }
#### accelerators and type literals
[int].FullName; [string[]].Name; [hashtable].Name; [psobject].FullName; [regex].FullName; [ordered]
[System.Int32] -eq [int]; [nullable[int]].FullName.Substring(0, 15)
[int].IsValueType; [type]'System.Uri'; 'int' -as [type]
[no.such.type]
#### conversions of objects into classes
class Server { [string] $Name; [int] $Port; [bool] $Up }
[Server]@{ Nope = 1 }
[Server]@{ Name = 'a'; Port = '80'; Up = 1 }
'{"Name":"b","Port":81,"Up":false}' | ConvertFrom-Json | ForEach-Object { [Server]@{ Name = $_.Name; Port = $_.Port; Up = $_.Up } }
[version]'1.2.3'; [uri]'http://x/y?z=1'; [ipaddress]'127.0.0.1'; [guid]'00000000-0000-0000-0000-000000000001'
#### casts that fail
[int]'x'; [datetime]'nonsense'; [bool]'maybe'; [version]'a'; [char]'ab'; [guid]'x'; [DayOfWeek]'Someday'
'on'
#### booleans of everything
[bool]0; [bool]1; [bool]''; [bool]'0'; [bool]@(); [bool]@(0); [bool]@(1, 2); [bool]@{}; [bool][pscustomobject]@{}; [bool]0.0; [bool][char]0
#### comparison by IComparable and Equals
class Ver : IComparable { [int] $N; Ver([int] $n) { $this.N = $n }; [int] CompareTo([object] $o) { return $this.N.CompareTo($o.N) }; [bool] Equals([object] $o) { return $this.N -eq $o.N } }
[Ver]::new(1) -lt [Ver]::new(2); [Ver]::new(3) -eq [Ver]::new(3); [Ver]::new(2) -ge [Ver]::new(3)
([Ver]::new(3), [Ver]::new(1), [Ver]::new(2) | Sort-Object).N -join ','
#### script properties, note properties, aliases
$o = [pscustomobject]@{ First = 'Ada'; Last = 'L' }
$o | Add-Member ScriptProperty Full { "$($this.First) $($this.Last)" }
$o | Add-Member AliasProperty Given First
$o | Add-Member ScriptMethod Greet { param($g) "$g $($this.First)" }
$o | Add-Member -NotePropertyMembers @{ Extra = 1 }
$o; $o.Full; $o.Given; $o.Greet('Hi')
$o.PSObject.Properties.Name -join ','; $o.PSObject.Properties.Remove('Extra'); $o.Extra
#### psobject copies and hidden members
$a = [pscustomobject]@{ N = 1; L = @(1) }
$b = $a.PSObject.Copy(); $b.N = 2; $a.N; $b.N
$a.PSObject.TypeNames.Insert(0, 'My.Type'); $a.PSObject.TypeNames[0]; $a.GetType().Name
$a.psbase.GetType().Name; [pscustomobject]@{} ; 'after an empty object'
#### an object's members by Get-Member
[pscustomobject]@{ A = 1; B = 'x' } | Get-Member
'x' | Get-Member -MemberType Property
@{ a = 1 } | Get-Member Keys
#### delegates and events of objects
$script:log = @()
$f = [Func[int, int, int]] { param($a, $b) $a * $b }
$f.Invoke(6, 7)
[Action[string]] $act = { param($s) $script:log += $s }; $act.Invoke('one'); $act.Invoke('two'); $log
$t = [System.Collections.ObjectModel.ObservableCollection[int]]::new()
$t.add_CollectionChanged({ param($s, $e) $script:log += "$($e.Action)" }); $t.Add(1); $log[-1]
#### disposing and finally
class Thing : IDisposable { [void] Dispose() { Write-Host 'disposed' } }
$t = [Thing]::new()
try { 'works'; throw 'fails' } catch { "caught $_" } finally { $t.Dispose() }
#### attributes of functions
function Test-It {
    [CmdletBinding(DefaultParameterSetName = 'A')]
    [OutputType([int])]
    [Alias('ti')]
    param([Parameter(Mandatory, ParameterSetName = 'A', HelpMessage = 'x')][int] $A, [Parameter(Mandatory, ParameterSetName = 'B')][string] $B)
    $PSCmdlet.ParameterSetName
}
Test-It -A 1; ti -B x; (Get-Command Test-It).OutputType.Name; (Get-Command Test-It).Parameters['A'].Attributes[0].HelpMessage
Test-It -A 1 -B x
