#### exit without a code
'before'
exit
'never'
#### exit 0
exit 0
#### exit 3
'before'
exit 3
#### exit in a function
function f { 'f'; exit 4; 'never' }
f
'never'
#### exit in a nested block and a pipeline
1..3 | ForEach-Object { $_; if ($_ -eq 2) { & { exit 5 } } }
#### exit in try with finally
try { exit 6 } finally { 'finally' }
#### exit with the code of a program
/bin/sh -c 'exit 7'
exit $LASTEXITCODE
#### a program's failure is not the script's
/bin/sh -c 'exit 8'
#### last exit code
/bin/sh -c 'exit 9'
$LASTEXITCODE
/bin/true
$LASTEXITCODE
#### exit with a large and a negative number
exit 255
#### exit with text
exit 'abc'
#### return ends the script
'before'
return 'value'
'never'
#### return in a function and a block
function f { 'a'; return 'b'; 'c' }
f
& { return 1; 2 }
'after'
#### the last error does not fail the script
Get-Item /nonexistent
#### exit after an error
Write-Error 'x'
exit 2
#### throw after output of objects
'text'
throw 'over'
#### finally runs when throw ends the script
try { throw 'x' } finally { 'cleaned' }
#### break and continue outside of loops
'before'
break
'never'
#### exit of a called script
$file = Join-Path ([IO.Path]::GetTempPath()) child.ps1
Set-Content $file "'child'; exit 5"
& $file
$LASTEXITCODE
$?
'after'
#### exit in an event, in a module's function
$m = New-Module { function Stop-All { exit 11 } }
Stop-All
'never'
#### exit in a script block that is invoked
(& { 'x'; exit 12 })
'never'
#### PowerShell.Exiting
$null = Register-EngineEvent PowerShell.Exiting -Action { 'never seen' }
'end'
