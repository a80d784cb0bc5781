#### a program's output and code
/bin/echo 'hello'
/bin/sh -c 'echo out'
/bin/sh -c 'echo err >&2; exit 3'
$LASTEXITCODE; $?
#### a program's output captured
$x = /bin/sh -c 'echo one; echo two'
$x.Count; $x[1]
$y = /bin/sh -c 'echo err >&2' 2>&1
$y.GetType().Name; "$y"
#### a program's errors redirected
/bin/sh -c 'echo err >&2' 2>$null
/bin/sh -c 'echo out; echo err >&2' 2>&1 | ForEach-Object { "[$_]" }
/bin/sh -c 'echo err >&2' 2>&1
#### text into a program
'one', 'two' | /bin/cat
1..3 | /usr/bin/sort -r
'x' | /bin/cat | ForEach-Object { $_.ToUpper() }
[pscustomobject]@{ A = 1 } | /bin/cat
#### bytes between programs
/usr/bin/printf 'a\0b' | /usr/bin/od -An -c
/usr/bin/printf 'no newline'
/usr/bin/printf 'é' | /usr/bin/od -An -tx1
#### arguments of programs
/usr/bin/printf '[%s]\n' 'a b' '' '"q"' "it's" '$x' '*' --x=1 -y:2 1,2 @('l1', 'l2')
$v = 'a b'; /usr/bin/printf '[%s]\n' $v "$v" -p$v
/usr/bin/printf '[%s]\n' /usr/bin/env*
#### stop parsing
/bin/echo --% $HOME "a b" 
/bin/echo -- -x
#### preference for native errors
$PSNativeCommandUseErrorActionPreference = $true
$ErrorActionPreference = 'Stop'
try { /bin/false } catch { $_.FullyQualifiedErrorId; $_.Exception.ExitCode }
/bin/sh -c 'exit 4'
'never'
#### native errors that do not stop
$PSNativeCommandUseErrorActionPreference = $true
/bin/sh -c 'exit 4'
'after'
#### a program that is not there
no-such-program
$LASTEXITCODE -eq $null
Get-Command no-such-program -ErrorAction SilentlyContinue
'after'
#### a program in a pipeline that ends early
/usr/bin/seq 1 100000 | Select-Object -First 2
'after'
#### a program among objects
[pscustomobject]@{ Name = 'first'; N = 100 }
/bin/echo 'native'
[pscustomobject]@{ Name = 'x'; N = 1 }
#### output and errors of a program among others
'start'
/bin/sh -c 'echo out'
Write-Error 'mine'
/bin/sh -c 'echo err >&2'
'end'
#### Start-Process
$p = Start-Process /bin/sh -ArgumentList '-c', '"exit 5"' -Wait -PassThru
$p.ExitCode
$f = [IO.Path]::GetTempFileName()
Start-Process /bin/echo -ArgumentList 'to file' -Wait -RedirectStandardOutput $f
# PowerShell may write the file after the program's end.
for ($n = 0; -not (Get-Content $f) -and $n -lt 100; $n++) { Start-Sleep -Milliseconds 50 }
Get-Content $f
#### a child pwsh
pwsh -NoProfile -NonInteractive -Command '1 + 1; exit 3'
$LASTEXITCODE
pwsh -NoProfile -Command { "block $($args[0])"; [pscustomobject]@{ A = 1 } } -args 5
#### redirection of programs into files
$f = [IO.Path]::GetTempFileName()
/bin/sh -c 'echo out; echo err >&2' > $f 2>&1
Get-Content $f | Sort-Object
/usr/bin/printf 'raw' > $f; (Get-Item $f).Length
#### long and wide lines of programs
/bin/sh -c 'head -c 300 /dev/zero | tr "\0" x; echo'
/bin/sh -c 'printf "a\tb\r\nc\n"'
/bin/sh -c 'printf "\033[31mred\033[0m\n"'
#### call operator with a program in a variable
$p = '/bin/echo'; & $p one two
$a = 'x', 'y'; & $p @a
#### exit codes and conditions
if (/bin/true) { 'never' } else { 'no output is false' }
/bin/false; if ($?) { 'ok' } else { "failed $LASTEXITCODE" }
/bin/sh -c 'exit 1' || Write-Output 'fallback'
#### a program that is asked what its terminal is
/bin/sh -c 'test -t 1 && echo terminal || echo none'
/bin/sh -c 'test -t 0 && echo terminal || echo none'
#### environment variables for programs
$env:X_Y = '1'; /bin/sh -c 'echo $X_Y'
/bin/sh -c 'echo $LANG $TZ'
