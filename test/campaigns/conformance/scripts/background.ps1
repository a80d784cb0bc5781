#### Start-ThreadJob and what it says
$j = Start-ThreadJob { 'out'; Write-Warning 'careful'; Write-Error 'bad'; [pscustomobject]@{ A = 1 } }
$j | Receive-Job -Wait
$j.State; $j.HasMoreData
Remove-Job $j
#### Start-ThreadJob with arguments and using
$outer = 5
Start-ThreadJob { param($x) $x + $using:outer } -ArgumentList 2 | Receive-Job -Wait -AutoRemoveJob
1..3 | ForEach-Object { $n = $_; Start-ThreadJob { $using:n * 10 } } | Receive-Job -Wait -AutoRemoveJob | Sort-Object
#### a thread job that fails
$j = Start-ThreadJob { throw 'inside' }
$j | Wait-Job | ForEach-Object State
try { Receive-Job $j -ErrorAction Stop } catch { "caught $_" }
$j.JobStateInfo.Reason.Message
#### thread jobs are throttled and stopped
$j = 1..3 | ForEach-Object { Start-ThreadJob { Start-Sleep 60 } -ThrottleLimit 1 }
($j | Stop-Job -PassThru).State -join ','
$j | Remove-Job -Force
@(Get-Job).Count
#### Start-Job gives deserialised objects
$j = Start-Job { [pscustomobject]@{ A = 1; D = [datetime]'2024-01-02' }; Write-Warning 'w' }
$r = Receive-Job $j -Wait; $r.A; $r.D.Year; $r.PSObject.TypeNames[0]
$j.State
#### Start-Job with input and arguments
1..3 | Start-Job { $input | ForEach-Object { $_ * 2 } } | Receive-Job -Wait
Start-Job { param($a, $b) "$a-$b $($using:x)" } -ArgumentList 1, 2 | Receive-Job -Wait
$x = 'used'; Start-Job { $using:x } | Receive-Job -Wait
#### a background job by ampersand
$j = & { 'in background' } &
$j.GetType().Name; Receive-Job $j -Wait
#### ForEach-Object -Parallel
1..4 | ForEach-Object -Parallel { $_ * 10 } | Sort-Object
$add = 3; 1..2 | ForEach-Object -Parallel { $_ + $using:add } -ThrottleLimit 1
1..2 | ForEach-Object -Parallel { Write-Warning "w$_"; Write-Error "e$_" } -ThrottleLimit 1
'after'
#### ForEach-Object -Parallel as a job
$j = 1..3 | ForEach-Object -AsJob -Parallel { "v$_" } -ThrottleLimit 1
$j | Receive-Job -Wait | Sort-Object; $j.ChildJobs.Count
#### ForEach-Object -Parallel that throws
1..3 | ForEach-Object -Parallel { if ($_ -eq 2) { throw 'two' } $_ } -ThrottleLimit 1
'after'
#### a runspace of one's own
$p = [powershell]::Create().AddScript({ param($x) "got $x"; Write-Error 'inner' }).AddArgument(7)
$p.Invoke(); $p.Streams.Error.Count; $p.HadErrors; $p.Dispose()
$r = [runspacefactory]::CreateRunspace(); $r.Open(); $r.SessionStateProxy.SetVariable('v', 9)
$q = [powershell]::Create(); $q.Runspace = $r; $q.AddScript('$v + 1').Invoke(); $r.Close()
#### a runspace pool
$pool = [runspacefactory]::CreateRunspacePool(1, 2); $pool.Open()
$work = 1..3 | ForEach-Object { $s = [powershell]::Create().AddScript({ param($n) $n * $n }).AddArgument($_); $s.RunspacePool = $pool; @{ S = $s; H = $s.BeginInvoke() } }
$work | ForEach-Object { $_.S.EndInvoke($_.H); $_.S.Dispose() }; $pool.Close()
#### Register-EngineEvent and New-Event
$null = Register-EngineEvent Mine -Action { Write-Host "event $($event.MessageData)" }
$null = New-Event Mine -MessageData 'one'
$null = New-Event Mine -MessageData 'two'
Start-Sleep -Milliseconds 300
(Get-EventSubscriber).SourceIdentifier; Unregister-Event Mine; @(Get-EventSubscriber).Count
#### Wait-Event
$null = Register-EngineEvent Queue
$null = New-Event Queue -Sender 'me' -MessageData 5
$e = Wait-Event Queue -Timeout 5; $e.MessageData; $e.Sender; Remove-Event Queue; @(Get-Event).Count
$null -eq (Wait-Event Nothing -Timeout 1)
#### Register-ObjectEvent
$t = [System.Timers.Timer]::new(50); $t.AutoReset = $false
$null = Register-ObjectEvent $t Elapsed -SourceIdentifier Tick
$t.Start(); $e = Wait-Event Tick -Timeout 10; $e.SourceIdentifier; $e.SourceEventArgs.GetType().Name
Unregister-Event Tick; $t.Dispose()
#### an event's action in a job
$w = [System.ComponentModel.BackgroundWorker]::new()
$j = Register-ObjectEvent $w RunWorkerCompleted -Action { 'done in action' }
$w.RunWorkerAsync(); Start-Sleep -Milliseconds 500
$j | Receive-Job; $j.State
#### transcripts
$f = Join-Path ([IO.Path]::GetTempPath()) 'transcript.txt'
Start-Transcript $f -UseMinimalHeader | Out-Null
'in the transcript'
Write-Host 'host too'
Stop-Transcript | Out-Null
(Get-Content $f) -match 'transcript$|too$'
#### PSCommandPath, PSScriptRoot and MyInvocation
Split-Path -Leaf $PSCommandPath; $PSScriptRoot -eq (Split-Path $PSCommandPath)
$MyInvocation.MyCommand.Name; $MyInvocation.MyCommand.CommandType; $MyInvocation.InvocationName -eq $PSCommandPath
function f { $MyInvocation.MyCommand.Name; $MyInvocation.ScriptLineNumber; $MyInvocation.Line.Trim() }
f # called here
& { $PSCommandPath -ne $null }
#### a script that calls another beside it
$f = Join-Path $PSScriptRoot 'Beside.ps1'
Set-Content $f 'param($X) "beside $X $(Split-Path -Leaf $PSCommandPath)"; $script:y = 1; $z = 2'
& $f 1; . $f 2; $z
& "$PSScriptRoot/Beside.ps1" -X 3
Remove-Item $f
#### the call stack
function a { b }
function b { (Get-PSCallStack | Select-Object -First 3).Command -join ' < '; (Get-PSCallStack)[0].ScriptLineNumber }
a
#### what is known of the host and session
$Host.Version.Major -ge 7; $PSVersionTable.PSEdition; $IsLinux; $IsWindows; $PSEdition
$null -eq $PSSenderInfo; $ShellId; $PSHOME -ne ''; $PWD.Path; $HOME -ne ''
$MaximumHistoryCount; $ErrorView; $FormatEnumerationLimit; $ConfirmPreference; $WarningPreference; $InformationPreference
