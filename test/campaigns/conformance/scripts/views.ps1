#### tables of nested values
[pscustomobject]@{ Name = 'a'; List = 1, 2, 3; Map = @{ x = 1 }; Inner = [pscustomobject]@{ Y = 2 } }
[pscustomobject]@{ Name = 'b'; List = 1..9; Map = $null; Inner = $null }
#### lists of nested values
[pscustomobject]@{ A = 1; B = 2; C = 3; D = 4; E = [ordered]@{ x = 1; y = @{ z = 2 } }; F = 'a', 'b' }
#### hashtables within hashtables
@{ a = @{ b = @{ c = 1 } } }
[ordered]@{ one = 1; two = [ordered]@{ x = 'y' }; three = 1, 2; four = $null; five = { 'block' } }
#### enumerations as output
[DayOfWeek]::Monday; [IO.FileAttributes]'ReadOnly, System'; [enum]::GetValues([DayOfWeek])[0..1]
[pscustomobject]@{ Day = [DayOfWeek]::Friday; Access = [IO.FileAccess]::ReadWrite }
#### grouped by a property and by a block
$rows = 1..4 | ForEach-Object { [pscustomobject]@{ G = $_ % 2; N = $_; T = "t$_" } } | Sort-Object G
$rows | Format-Table -GroupBy G
$rows | Format-Table N, T -GroupBy @{ n = 'Even'; e = { $_.N % 2 -eq 0 } }
$rows | Format-List N -GroupBy G
#### wide output
1..12 | ForEach-Object { [pscustomobject]@{ Name = "item$_" } } | Format-Wide -Column 4
'a', 'b', 'c' | Format-Wide; [pscustomobject]@{ Name = 'auto' } | Format-Wide -AutoSize
#### alignment, width and format of columns
[pscustomobject]@{ N = 1.23456; S = 'text'; D = [datetime]'2024-01-02' } | Format-Table @{ n = 'Num'; e = 'N'; f = 'n2'; w = 10; a = 'left' }, @{ l = 'Str'; e = { $_.S.ToUpper() }; a = 'right'; w = 8 }, @{ e = 'D'; f = 'yyyy' }
#### a table wider than the line
[pscustomobject]@{ First = 'x' * 70; Second = 'y' * 70; Third = 'z' }
[pscustomobject]@{ First = 'x' * 70; Second = 'y' * 70; Third = 'z' } | Format-Table -Wrap
#### many columns
$h = [ordered]@{}; 1..15 | ForEach-Object { $h["Column$_"] = $_ * 1000 }
[pscustomobject]$h | Format-Table; [pscustomobject]$h
#### booleans, nulls and empty text in tables
[pscustomobject]@{ B = $true; N = $null; E = ''; Z = 0 }, [pscustomobject]@{ B = $false; N = 'x'; E = ' '; Z = -1 }
#### other shapes later
[pscustomobject]@{ A = 1 }; [pscustomobject]@{ B = 2 }; [pscustomobject]@{ A = 3; B = 4 }
'text'; [pscustomobject]@{ A = 5 }
#### versions, guids, uris, addresses
[version]'1.2.3.4'; [guid]'11111111-2222-3333-4444-555555555555'; [uri]'https://x/y?z'; [ipaddress]'::1'; [cultureinfo]'en-US'
[semver]'1.2.3-beta+5'
#### types and methods as output
[int]; 'x'.Substring; [string]::Join; [math].GetMethod('Sqrt')
#### commands, parameters and blocks as output
Get-Command Get-Item | Select-Object Name, CommandType; { param($x) $x + 1 }; (Get-Command Get-Item).Parameters['Path'].Aliases
function Shown { 'body' }; Get-Item function:Shown
#### collections of .NET
[System.Collections.Generic.Dictionary[string, object]]::new(); $d = [System.Collections.Generic.Dictionary[string, object]]::new(); $d.a = 1; $d
[System.Collections.BitArray]::new(3); [System.Collections.Queue](1, 2); [array]::CreateInstance([int], 2)
[System.Collections.Specialized.NameValueCollection]::new(); [Text.StringBuilder]'sb'
#### XML nodes and data tables
$t = [System.Data.DataTable]::new('T'); $null = $t.Columns.Add('A', [int]); $null = $t.Rows.Add(1); $null = $t.Rows.Add(2); $t
([xml]'<a><b x="1">t</b><b/></a>').a; ([xml]'<a><b/></a>').a.b
#### matches, groups and captures
[regex]::Matches('a1b2', '(\w)(\d)') | Select-Object Value, Index; ([regex]'x').Match('none')
#### Format-Table of text and numbers
1, 2 | Format-Table; 'a', 'bb' | Format-Table; 'a' | Format-List; 1 | Format-Custom
#### formats stored and shown later
$f = [pscustomobject]@{ A = 1 } | Format-Table
'first'; $f; $f.Count; $s = [pscustomobject]@{ A = 2 } | Format-List | Out-String; $s.Trim()
#### Out-String with width and no line ends
[pscustomobject]@{ Long = 'x' * 100 } | Out-String -Width 40
'a', 'b' | Out-String -NoNewline
1..3 | Out-String -Stream | ForEach-Object { "<$_>" }
#### error records with positions and inner errors
try { [xml]'<a>' } catch { $_.Exception.GetType().Name; $_.Exception.InnerException.GetType().Name; $_.InvocationInfo.ScriptLineNumber; $_.CategoryInfo.Category; $_.FullyQualifiedErrorId }
try { Get-Content /nonexistent -ErrorAction Stop } catch { $_.TargetObject; $_.CategoryInfo; $_.InvocationInfo.MyCommand.Name; $_.InvocationInfo.OffsetInLine }
$e = [System.Management.Automation.ErrorRecord]::new([InvalidOperationException]::new('own'), 'MyId', 'ResourceBusy', 'target'); $e.ErrorDetails = 'details win'
Write-Error -ErrorRecord $e
Write-Error -Message 'm' -Category PermissionDenied -ErrorId 'E1' -TargetObject 5 -RecommendedAction 'try again'
$Error[0].FullyQualifiedErrorId; $Error[0].ErrorDetails.RecommendedAction
#### aggregate and nested exceptions
throw [AggregateException]::new('several', [Exception[]]([IO.IOException]::new('one'), [TimeoutException]::new('two')))
