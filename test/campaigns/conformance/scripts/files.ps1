#### Get-ChildItem in a folder of one's own
$d = New-Item -ItemType Directory (Join-Path ([IO.Path]::GetTempPath()) 'list') -Force
Set-Content "$d/b.txt" 'b'; Set-Content "$d/a.log" 'a'; $null = New-Item -ItemType Directory "$d/sub"; Set-Content "$d/sub/c.txt" 'c'; Set-Content "$d/.hidden" 'h'
(Get-ChildItem $d).Name; (Get-ChildItem $d -Recurse -File).Name; (Get-ChildItem $d -Filter *.txt -Recurse).Name
(Get-ChildItem $d -Directory).Name; (Get-ChildItem $d -Hidden).Name; (Get-ChildItem $d -Force).Count; Get-ChildItem $d -Name
(Get-ChildItem $d -Include *.log -Recurse).Name; (Get-ChildItem "$d/*" -Exclude *.txt).Name; (Get-ChildItem $d -Depth 0).Count
Remove-Item $d -Recurse -Force
#### Test-Path forms
Test-Path /usr; Test-Path /nonexistent; Test-Path /usr -PathType Leaf; Test-Path /usr -PathType Container
Test-Path /usr, /nonexistent; Test-Path 'variable:HOME'; Test-Path 'env:NOPE'; Test-Path 'function:prompt'
Test-Path '/us?'; Test-Path -LiteralPath '/us?'; Test-Path 'a|b' -IsValid
Test-Path ''
#### paths
Join-Path /a b c; Join-Path a, b c; Split-Path /a/b/c.txt; Split-Path /a/b/c.txt -Leaf; Split-Path /a/b/c.txt -LeafBase; Split-Path c.txt -Extension
Resolve-Path /usr/../bin/.. | ForEach-Object Path; Convert-Path /usr; Split-Path /a -IsAbsolute; Split-Path HKLM:/x -Qualifier -ErrorAction SilentlyContinue
[IO.Path]::GetExtension('x.tar.gz'); [IO.Path]::ChangeExtension('a.b', 'c'); [IO.Path]::GetFullPath('/a/../b')
Resolve-Path /nonexistent
#### writing and reading content
$f = [IO.Path]::GetTempFileName()
Set-Content $f 'one', 'two'; Add-Content $f 'three'; Get-Content $f; (Get-Content $f).Count; Get-Content $f -Raw
Get-Content $f -TotalCount 1; Get-Content $f -Tail 1; (Get-Content $f)[1]; Get-Content $f -Delimiter 'o'
'x' > $f; 'y' >> $f; Get-Content $f; Clear-Content $f; (Get-Item $f).Length
#### files moved, copied and removed
$d = Join-Path ([IO.Path]::GetTempPath()) 'moves'; $null = mkdir $d
'x' > "$d/a"; Copy-Item "$d/a" "$d/b"; Move-Item "$d/a" "$d/c"; Rename-Item "$d/b" d; (Get-ChildItem $d).Name
Copy-Item "$d/c" "$d/e" -PassThru | ForEach-Object Name; Remove-Item "$d/*" -Include c; (Get-ChildItem $d).Name
Remove-Item "$d/nope" 2>&1 | ForEach-Object { $_.CategoryInfo.Category }
Remove-Item $d -Recurse; Test-Path $d
#### items and their properties
$f = [IO.Path]::GetTempFileName(); Set-Content $f '12345' -NoNewline
$i = Get-Item $f; $i.Length; $i.Extension; $i.PSIsContainer; $i.GetType().Name; $i.Mode.Length
Set-ItemProperty $f LastWriteTime ([datetime]'2024-01-02T03:04:05'); (Get-ItemProperty $f).LastWriteTime
(Get-Item /usr).Parent; (Get-Item /).Name; (Get-Item /usr/bin).Parent.Name
#### links and attributes
$d = Join-Path ([IO.Path]::GetTempPath()) 'links'; $null = mkdir $d; 'x' > "$d/target"
$l = New-Item -ItemType SymbolicLink "$d/link" -Target "$d/target"; Split-Path -Leaf $l.Target; $l.LinkType; Get-Content "$d/link"
(Get-Item "$d/target").IsReadOnly; Set-ItemProperty "$d/target" IsReadOnly $true; (Get-Item "$d/target").IsReadOnly
Remove-Item $d -Recurse -Force
#### locations
Set-Location /usr; $PWD.Path; Push-Location /bin; (Get-Location).Path -ne ''; Pop-Location; (Get-Location).Path
Set-Location -; Set-Location /nonexistent
Push-Location /tmp -StackName s; (Get-Location -StackName s).Count; Get-Location
#### drives and providers
New-PSDrive -Name T -PSProvider FileSystem -Root /usr | ForEach-Object Name; Test-Path T:/bin; (Get-Item T:/bin).Name
(Get-PSProvider | Sort-Object Name).Name; Remove-PSDrive T; Test-Path T:/
$env:MY_VAR = 'v'; (Get-Item env:MY_VAR).Value; Remove-Item env:MY_VAR; $env:MY_VAR
New-Item variable:made -Value 3 | Out-Null; $made; Get-Item function:prompt | ForEach-Object Name
#### aliases
Set-Alias ll Get-Item; (ll /usr).Name; (Get-Alias ll).Definition; Get-Alias -Definition Get-Content | ForEach-Object Name
New-Alias ll Get-Process
Remove-Alias ll; ll /usr
#### CliXml by Export and Import
$f = [IO.Path]::GetTempFileName()
[ordered]@{ a = 1; b = @(1, 'x', $null); c = [timespan]'1:00'; d = [guid]::Empty } | Export-Clixml $f
$x = Import-Clixml $f; $x.GetType().Name; $x.b.Count; $x.c.TotalMinutes; $x
try { throw 'kept' } catch { $_ | Export-Clixml $f }; (Import-Clixml $f).Exception.Message
#### CSV with headers, delimiters and types
"1;2`n3;4" | ConvertFrom-Csv -Delimiter ';' -Header X, Y
[pscustomobject]@{ A = 1; B = 'x' } | ConvertTo-Csv -NoHeader; [pscustomobject]@{ A = 1 } | ConvertTo-Csv -IncludeTypeInformation
try { 'A,A' | ConvertFrom-Csv -ErrorAction Stop } catch { $_.FullyQualifiedErrorId }
1, 2 | ConvertTo-Csv; 'text' | ConvertTo-Csv
#### JSON in all shapes
'null' | ConvertFrom-Json; 'true' | ConvertFrom-Json; '"x"' | ConvertFrom-Json; '[]' | ConvertFrom-Json; '[[1],[2]]' | ConvertFrom-Json | ForEach-Object Count
'{"a":{"b":[{"c":1}]}}' | ConvertFrom-Json; ('{"a":{"b":[{"c":1}]}}' | ConvertFrom-Json).a.b[0].c
try { '{"A":1,"a":2}' | ConvertFrom-Json -ErrorAction Stop } catch { $_.FullyQualifiedErrorId }
('{"A":1,"a":2}' | ConvertFrom-Json -AsHashtable).Count; '1e3' | ConvertFrom-Json; '9999999999' | ConvertFrom-Json
$null | ConvertTo-Json; '' | ConvertTo-Json; [char]'x' | ConvertTo-Json; @{ d = [decimal]1.50 } | ConvertTo-Json -Compress; [IO.FileMode]::Open | ConvertTo-Json -EnumsAsStrings
#### HTML pages and XML documents
[pscustomobject]@{ A = 1 }, [pscustomobject]@{ A = 2 } | ConvertTo-Html -Title 't' -PreContent '<h1>x</h1>'
[pscustomobject]@{ A = 1; B = 2 } | ConvertTo-Html -As List -Fragment
$x = [xml]::new(); $r = $x.AppendChild($x.CreateElement('root')); $r.SetAttribute('v', '1'); $x.OuterXml
@{ a = 1 } | ConvertTo-Xml -As Stream -NoTypeInformation
#### archives
$d = Join-Path ([IO.Path]::GetTempPath()) 'zip'; $null = mkdir $d; Set-Content "$d/x.txt" 'zipped'
Compress-Archive "$d/x.txt" "$d/a.zip"; Expand-Archive "$d/a.zip" "$d/out"; Get-Content "$d/out/x.txt"; Remove-Item $d -Recurse
#### modules of PowerShell itself
(Get-Command Get-Item).ModuleName; (Get-Command Get-Item).CommandType; (Get-Command -Name Get-ChildItem, Set-Content).Count
Get-Command no-such; (Get-Command Get-* -Module Microsoft.PowerShell.Utility | Measure-Object).Count -gt 20
(Get-Command Get-Date -Syntax).Length -gt 100; (Get-Verb get).Group; Get-Help no-such-topic-at-all -ErrorAction SilentlyContinue; (Get-Command ls).CommandType
