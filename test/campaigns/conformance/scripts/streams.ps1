#### all streams in their order
$VerbosePreference = $DebugPreference = $InformationPreference = 'Continue'
'output'
Write-Host 'host'
Write-Warning 'warning'
Write-Verbose 'verbose'
Write-Debug 'debug'
Write-Information 'information'
Write-Error 'error'
'output again'
#### streams are silent by default
Write-Verbose 'hidden'
Write-Debug 'hidden'
'seen'
#### streams of a function in their order
function f { [CmdletBinding()] param() $InformationPreference = 'Continue'; 'o1'; Write-Warning 'w'; 'o2'; Write-Information 'i'; Write-Error 'e'; 'o3' }
f
f | ForEach-Object { "[$_]" }
#### several lines in a warning
Write-Warning "one`ntwo"
Write-Warning ''
Write-Host ''
Write-Host
'end'
#### redirections of streams
function f { 'o'; Write-Error 'e'; Write-Warning 'w'; Write-Host 'h' }
f 2>$null
f 3>$null 2>$null 6>$null
f *>$null
f 2>&1 3>&1 6>&1 | ForEach-Object { "$($_.GetType().Name): $_" }
$all = f *>&1
$all.Count
#### merged streams printed by the formatter
& { 'o'; Write-Warning 'w'; Write-Error 'e' } 2>&1 3>&1
& { Write-Host 'h' } 6>&1
$VerbosePreference = 'Continue'
& { Write-Verbose 'v' } 4>&1
#### redirection into a file
$file = [IO.Path]::GetTempFileName()
& { 'out'; Write-Error 'err'; Write-Warning 'warn' } *> $file
(Get-Content $file).Count
'more' >> $file
Get-Content $file | Select-Object -Last 1
1..3 > $file
Get-Content $file
#### common parameters catch streams
Write-Warning 'w' -WarningVariable w -WarningAction SilentlyContinue
"$w"
Write-Error 'e' -ErrorVariable e -ErrorAction SilentlyContinue
"$e"
Write-Information 'i' -InformationVariable i
"$i"
Write-Output 1, 2 -OutVariable o | Out-Null
"$o"
#### Write-Host with separators, objects and no line end
Write-Host 1, 2, 3 -Separator '; '
Write-Host 'a' -NoNewline
Write-Host 'b' -NoNewline
Write-Host 'c'
Write-Host @{ a = 1 }
Write-Host ([pscustomobject]@{ A = 1; B = 2 })
Write-Host $null
#### Write-Host with colours writes none
Write-Host 'red' -ForegroundColor Red
Write-Host 'on blue' -BackgroundColor Blue -ForegroundColor White
Write-Host 'a' -ForegroundColor Green -NoNewline
Write-Host 'b'
#### the host's own ways of writing
$Host.UI.WriteLine('line')
$Host.UI.Write('part, ')
$Host.UI.WriteLine('rest')
$Host.UI.WriteWarningLine('warned')
$Host.UI.WriteErrorLine('wrong')
$Host.UI.WriteLine('Red', 'Black', 'colour')
#### preferences that end or hide
$WarningPreference = 'SilentlyContinue'
Write-Warning 'hidden'
$WarningPreference = 'Stop'
try { Write-Warning 'ends' } catch { "caught $($_.Exception.Message)" }
$InformationPreference = 'Stop'
try { Write-Information 'ends' } catch { "caught $($_.Exception.Message)" }
#### progress is not printed
Write-Progress -Activity 'a' -Status 's' -PercentComplete 50
'between'
Write-Progress -Activity 'a' -Completed
$ProgressPreference
#### a switch of a function for verbose and debug
function f { [CmdletBinding()] param() Write-Verbose 'v'; Write-Debug 'd'; "$VerbosePreference $DebugPreference" }
f
#### Write-Information with tags and objects
Write-Information ([pscustomobject]@{ A = 1 }) -InformationAction Continue
Write-Information 'tagged' -Tags a, b -InformationVariable i -InformationAction Continue
$i.Tags
#### an object that goes to the error stream
Write-Error -Exception ([System.IO.IOException]::new('io')) -Category WriteError -TargetObject 'x'
Write-Error -Message 'm' -ErrorId 'Id' -RecommendedAction 'do it'
#### what the console is told directly
[Console]::WriteLine('raw')
[Console]::Out.Write('more')
[Console]::Out.WriteLine()
#### Write-Warning within a table held back
[pscustomobject]@{ Name = 'first'; N = 1 }
Write-Warning 'in between'
[pscustomobject]@{ Name = 'second'; N = 2 }
Write-Host 'in between'
[pscustomobject]@{ Name = 'third'; N = 3 }
#### output of nested functions, warnings first
function a { Write-Warning 'a'; b; 'a' }
function b { Write-Warning 'b'; c; 'b' }
function c { Write-Warning 'c'; 'c' }
$x = a
$x
#### a job's records pass through
$VerbosePreference = 'Continue'
Import-Module Microsoft.PowerShell.Utility -Verbose:$false
Get-Item /usr -Verbose | ForEach-Object Name
'x' | ForEach-Object { Write-Verbose "v $_" -Verbose }
