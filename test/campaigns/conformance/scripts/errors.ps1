#### errors that do not end
Write-Error 'one'
Get-Item /nonexistent
Get-Content /nonexistent/file
'after'
#### errors of expressions do not end either
1 / 0
[int]'abc'
$null.Method()
'abc'.NoSuchMethod()
[NoSuchType]::new()
'after'
#### a command that does not exist
no-such-command
'after'
./no-such-file.ps1
& '/no/such/program'
'end'
#### throw ends the script
'before'
throw 'the end'
'never'
#### throw of an exception with a cause
throw [System.InvalidOperationException]::new('outer', [System.IO.IOException]::new('inner'))
#### throw of an object and of nothing
try { throw 42 } catch { $_.TargetObject; "$_" }
try { throw } catch { "$_" }
throw @{ a = 1 }
#### throw in a nested function
function outer { inner }
function inner {
    $x = 1
    throw "deep $x"
}
outer
#### error preference Stop
$ErrorActionPreference = 'Stop'
'before'
Get-Item /nonexistent
'never'
#### error preference SilentlyContinue and Ignore
$ErrorActionPreference = 'SilentlyContinue'
Write-Error 'hidden'
$Error.Count
Write-Error 'ignored' -ErrorAction Ignore
$Error.Count
#### try, catch by type, finally
try { [int]::Parse('x') } catch [System.FormatException] { 'format' } catch { 'other' } finally { 'finally' }
try { Get-Item /nonexistent -ErrorAction Stop } catch [System.Management.Automation.ItemNotFoundException] { 'not found' }
try { 1 / 0 } catch [System.DivideByZeroException] { $_.Exception.GetType().Name }
try { try { throw 'a' } finally { 'inner' } } catch { "outer $_" }
#### trap that goes on and trap that ends
function f { trap { "trapped $_"; continue } throw 'x'; 'after' }
f
function g { trap [System.DivideByZeroException] { 'zero'; continue } $d = 0; 1 / $d; 'g goes on' }
g
trap { "last: $_"; break }
throw 'y'
#### trap without continue or break writes the error
trap { 'trapped' }
throw 'shown'
'after'
#### dollar question mark
Get-Item /nonexistent 2>$null
$?
Get-Item /usr | Out-Null
$?
/bin/false
$?
/bin/true
$?
Write-Error 'x' 2>$null
$?
function f { [CmdletBinding()] param() $PSCmdlet.WriteError([System.Management.Automation.ErrorRecord]::new([Exception]::new('m'), 'id', 'NotSpecified', $null)) }
f 2>$null
$?
#### error records in detail
try { Get-Item /nonexistent -ErrorAction Stop } catch {
  $_.FullyQualifiedErrorId; $_.CategoryInfo.ToString(); $_.InvocationInfo.ScriptLineNumber; $_.InvocationInfo.OffsetInLine; $_.InvocationInfo.Line; $_.InvocationInfo.PositionMessage -replace '/\S*/'
}
#### the stack of an error
function a { b }
function b { throw 'deep' }
try { a } catch { $_.ScriptStackTrace -replace '/\S*/' }
Get-PSCallStack | ForEach-Object { $_.Command }
#### the list of errors
Write-Error 'one' 2>$null
Write-Error 'two' 2>$null
$Error.Count
$Error[0].ToString()
$Error.Clear()
$Error.Count
#### terminating errors of a function
function f { [CmdletBinding()] param() $PSCmdlet.ThrowTerminatingError([System.Management.Automation.ErrorRecord]::new([Exception]::new('ended'), 'MyId', 'InvalidData', 'target')) }
f
'goes on'
try { f } catch { $_.FullyQualifiedErrorId }
#### error view of several lines
if ($true) {
    Get-Item -Path `
        /nonexistent
}
Write-Error "first line
second line"
#### error view of long lines
Get-Item /nonexistent/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb/ccccccccccccccccccccccccccccccccccc
$value = 'a very long line of code that goes on and on and on and on'; $other = 'and on and on'; [int]'not a number'; $third = 'the end of it'
Write-Error ('word ' * 60)
#### error views
$ErrorView = 'NormalView'
Get-Item /nonexistent
$ErrorView = 'CategoryView'
Get-Item /nonexistent
$ErrorView = 'DetailedView'
'done'
#### errors in a script block, in Invoke-Expression, in Invoke-Command
& { Get-Item /nonexistent1 }
Invoke-Expression 'Get-Item /nonexistent2'
Invoke-Command { Get-Item /nonexistent3 }
. { Write-Error 'dotted' }
#### parse errors at run time
try { Invoke-Expression 'if (' } catch { $_.FullyQualifiedErrorId; $_.Exception.GetType().Name }
Invoke-Expression '1 +'
'after'
#### a script that cannot be parsed
'never'
if ($x {
#### unknown parameters and missing arguments
Get-Item -NoSuch x
function f { param([int] $N) $N }
f -N abc
f -M 1
function g { [CmdletBinding()] param() }
g extra
#### Write-Error in a function names the function
function Get-Thing { [CmdletBinding()] param() Write-Error 'thing' }
Get-Thing
function Get-Simple { Write-Error 'simple' }
Get-Simple
#### errors of a pipeline
1..3 | ForEach-Object { if ($_ -eq 2) { Write-Error "no $_" } else { $_ } }
1..3 | ForEach-Object { if ($_ -eq 2) { throw "no $_" } else { $_ } }
'never'
#### errors from .NET methods
[System.IO.File]::ReadAllText('/nonexistent')
[datetime]::Parse('nonsense')
@(1, 2, 3)[10]
[System.Collections.Generic.List[int]]::new()[5]
'end'
#### strict mode
Set-StrictMode -Version Latest
$undefined
'a'.NoSuchProperty
@(1)[5]
'end'
#### ErrorRecord rethrown
try { throw 'first' } catch { 'caught'; throw }
#### an exception of one's own class
class MyException : System.Exception { [int] $Code; MyException([string] $m, [int] $c) : base($m) { $this.Code = $c } }
try { throw [MyException]::new('mine', 5) } catch [MyException] { "$($_.Exception.Code) $($_.Exception.Message)" }
throw [MyException]::new('ends', 6)
#### ErrorVariable with plus
Write-Error 'a' -ErrorVariable v 2>$null
Write-Error 'b' -ErrorVariable +v 2>$null
$v.Count
#### error action Stop in one command
'before'
Write-Error 'stop here' -ErrorAction Stop
'never'
#### error action Inquire and Break are not for nobody
try { Write-Error 'x' -ErrorAction Suspend } catch { $_.Exception.GetType().Name }
#### empty messages
Write-Error ''
Write-Error -Message ' '
throw ''
