#### a table of four columns and a list of five
[pscustomobject]@{ A = 1; B = 2; C = 3; D = 4 }
[pscustomobject]@{ A = 1; B = 2; C = 3; D = 4; E = 5 }
#### a list of five columns comes first
[pscustomobject]@{ A = 1; B = 2; C = 3; D = 4; E = 5 }
'between'
[pscustomobject]@{ A = 6; B = 7; C = 8; D = 9; E = 10 }
#### other kinds after a table
[pscustomobject]@{ Name = 'one'; Value = 100 }
[pscustomobject]@{ Name = 'two'; Other = 2 }
Get-Item /usr/bin/env | Select-Object Name
#### nothing at all
#### empty strings, blank lines and null
''
"`n"
$null
'end'
#### an object without properties
[pscustomobject]@{}
'after'
[object]::new()
#### properties of null, empty and collections
[pscustomobject]@{ Null = $null; Empty = ''; None = @(); One = @(1); Many = 1..10 }
[pscustomobject]@{ Many = 1..10; Hash = @{ a = 1 } }
#### numbers stand right, text left
[pscustomobject]@{ Number = 12345; Text = 'left'; Flag = $true }
[pscustomobject]@{ Number = 1; Text = 'a much longer text'; Flag = $false }
#### an error between the rows of a table
[pscustomobject]@{ A = 100; B = 200 }
Write-Error 'between'
[pscustomobject]@{ A = 3; B = 4 }
#### a warning and a host line between the rows of a table
[pscustomobject]@{ A = 100; B = 200 }
Start-Sleep -Milliseconds 900
Write-Warning 'careful'
Write-Host 'host'
[pscustomobject]@{ A = 3; B = 4 }
#### a column is cut off at the width
[pscustomobject]@{ Long = 'x' * 200; Short = 1 }
[pscustomobject]@{ A = 'a' * 70; B = 'b' * 70; C = 'c' }
#### Format-Table with chosen and calculated columns
1..3 | ForEach-Object { [pscustomobject]@{ N = $_; Cube = $_ * $_ * $_ } } | Format-Table N, @{ Label = 'Half'; Expression = { $_.N / 2 }; FormatString = 'n2' }, @{ n = 'Left'; e = 'Cube'; align = 'left'; width = 8 }
#### Format-Table without headers
1..3 | ForEach-Object { [pscustomobject]@{ N = $_; S = "s$_" } } | Format-Table -HideTableHeaders
#### Format-Table -AutoSize and -Wrap
1..3 | ForEach-Object { [pscustomobject]@{ N = $_; S = 's' * 20 * $_ } } | Format-Table -AutoSize
[pscustomobject]@{ A = 'word ' * 40; B = 'short' } | Format-Table -Wrap
#### Format-Table -GroupBy
1..4 | ForEach-Object { [pscustomobject]@{ Kind = if ($_ -le 2) { 'low' } else { 'high' }; N = $_ } } | Format-Table -GroupBy Kind
1..2 | ForEach-Object { [pscustomobject]@{ K = 1; N = $_ } } | Format-Table N -GroupBy @{ Label = 'Key'; Expression = { "k$($_.K)" } }
#### Format-Table of a missing property
[pscustomobject]@{ A = 1 } | Format-Table A, Missing
#### Format-Table -Expand and -RepeatHeader
[pscustomobject]@{ A = 1, 2 } | Format-Table -Expand Both
1..3 | ForEach-Object { [pscustomobject]@{ N = $_ } } | Format-Table -RepeatHeader
#### Format-List of all and of some
[pscustomobject]@{ Name = 'n'; LongerName = 'a value'; Third = 3 } | Format-List
[pscustomobject]@{ Name = 'n'; LongerName = 'a value'; Third = 3 } | Format-List N*, @{ n = 'Calc'; e = { $_.Third + 1 } }
#### Format-List wraps long values
[pscustomobject]@{ Name = 'word ' * 60 } | Format-List
[pscustomobject]@{ Name = 'x' * 250 } | Format-List
#### Format-List -GroupBy
1..3 | ForEach-Object { [pscustomobject]@{ K = $_ % 2; N = $_ } } | Format-List N -GroupBy K
#### Format-Wide
1..10 | ForEach-Object { [pscustomobject]@{ Name = "item$_" } } | Format-Wide
1..10 | ForEach-Object { [pscustomobject]@{ Name = "item$_" } } | Format-Wide Name -Column 5
1..30 | ForEach-Object { [pscustomobject]@{ Name = 'i' * ($_ % 7 + 1) } } | Format-Wide -AutoSize
#### Format-Custom
[pscustomobject]@{ A = 1; B = [pscustomobject]@{ C = 2; D = 3 } } | Format-Custom
[pscustomobject]@{ A = 1; B = [pscustomobject]@{ C = 2; D = [pscustomobject]@{ E = 1 } } } | Format-Custom -Depth 1
#### formats one after another
'x' | Format-Table
1, 2 | Format-Table
1, 2 | Format-List
@{ a = 1 } | Format-List
#### a table of dictionaries
@{ one = 1 }
[ordered]@{ z = 1; a = 2; list = 1, 2, 3 }
[System.Collections.Generic.Dictionary[string, int]]::new()
#### entries of a hashtable
([ordered]@{ z = 1; a = 2 }).GetEnumerator() | Sort-Object Name
([ordered]@{ z = 1; a = 2 }).GetEnumerator() | ForEach-Object { "$($_.Key)=$($_.Value)" }
#### Out-String
([pscustomobject]@{ A = 1; B = 2 } | Out-String).Length
[pscustomobject]@{ A = 'x' * 30; B = 'y' * 30 } | Out-String -Width 40
'a', 'b' | Out-String -Stream | ForEach-Object { "[$_]" }
1, 2 | Out-String -NoNewline
#### Out-String wider than the screen
[pscustomobject]@{ A = 'x' * 150; B = 'y' * 100 } | Out-String -Width 300 | ForEach-Object { ($_ -split "`n" | Measure-Object -Property Length -Maximum).Maximum }
#### Out-Null and voids
1 | Out-Null
[void] 2
$null = 3
$list = [System.Collections.ArrayList]::new()
[void] $list.Add(1)
$list.Add(2)
#### calculated properties of Select-Object
1..3 | Select-Object @{ n = 'N'; e = { $_ } }, @{ n = 'Square'; e = { $_ * $_ } }
Get-Item /usr | Select-Object Name, @{ n = 'Upper'; e = { $_.Name.ToUpper() } } | Format-List
#### ExpandProperty and ExcludeProperty
[pscustomobject]@{ A = 1; B = 2; C = 3 } | Select-Object -Property * -ExcludeProperty B
[pscustomobject]@{ A = 1; List = 1, 2 } | Select-Object -ExpandProperty List
#### types with views of their own
[version]'1.2.3.4'
[timespan]::FromMinutes(90)
[guid]::Empty
Get-Item /usr/bin | Select-Object Mode, Name
[System.Text.RegularExpressions.Regex]::Match('abc', 'b')
#### update of format data
$xml = @'
<Configuration><ViewDefinitions><View><Name>t</Name><ViewSelectedBy><TypeName>My.Thing</TypeName></ViewSelectedBy>
<TableControl><TableHeaders><TableColumnHeader><Label>The A</Label><Width>10</Width></TableColumnHeader><TableColumnHeader /></TableHeaders>
<TableRowEntries><TableRowEntry><TableColumnItems><TableColumnItem><PropertyName>A</PropertyName></TableColumnItem><TableColumnItem><ScriptBlock>"b:" + $_.B</ScriptBlock></TableColumnItem></TableColumnItems></TableRowEntry></TableRowEntries>
</TableControl></View></ViewDefinitions></Configuration>
'@
$file = Join-Path ([IO.Path]::GetTempPath()) my.format.ps1xml
Set-Content $file $xml
Update-FormatData -AppendPath $file
[pscustomobject]@{ PSTypeName = 'My.Thing'; A = 1; B = 2 }
#### default display properties
$o = [pscustomobject]@{ A = 1; B = 2; C = 3 }
$set = [System.Management.Automation.PSPropertySet]::new('DefaultDisplayPropertySet', [string[]]('A', 'C'))
$o | Add-Member MemberSet PSStandardMembers ([System.Management.Automation.PSMemberInfo[]]$set)
$o
#### ToString of one's own in a table
$o = [pscustomobject]@{ A = 1 }
$o | Add-Member ScriptMethod ToString { "I am $($this.A)" } -Force
[pscustomobject]@{ Inner = $o }
"$o"
#### exceptions as output
[System.InvalidOperationException]::new('message')
'after'
#### error records as output
try { throw 'x' } catch { $_ }
'after'
$Error[0] | Format-List Exception, FullyQualifiedErrorId
#### Get-Error
try { [int]::Parse('x') } catch { }
Get-Error | Out-String | ForEach-Object { ($_ -split "`n").Count -gt 5 }
#### control characters and tabs
"a`tb"
"bell:`a."
"nul:`0."
"cr:one`rtwo"
"esc:`e[0m."
#### wide characters
[pscustomobject]@{ 名 = '漢字'; B = 1 }
[pscustomobject]@{ 名 = 'ab'; B = 22 }
'ｆｕｌｌ'
'emoji 😀 and é'
#### a table with 300 rows
1..300 | ForEach-Object { [pscustomobject]@{ Number = 1000 + $_; Text = 'constant' } }
#### format enumeration limit
$FormatEnumerationLimit = 2
[pscustomobject]@{ L = 1..5 }
#### scalars of many types in a row
[byte]1; [int16]2; [uint64]3; [single]1.5; [char]65; [bigint]::Pow(2, 100); [System.Numerics.Complex]::new(1, 2)
[System.DayOfWeek]::Friday; [System.IO.FileAttributes]'ReadOnly, Hidden'; [type]'int'; [System.Net.IPAddress]::Loopback
#### Get-Member
[pscustomobject]@{ A = 1; B = 'x' } | Get-Member -MemberType NoteProperty
'x' | Get-Member Substring
#### script blocks and functions as output
{ Get-Item }
function f { 'body' }
Get-Command f
(Get-Command f).Definition
#### arrays of arrays
@(@(1, 2), @(3, 4))
,(1, 2)
[int[, ]]::new(2, 2)
#### strings and objects by turns
1..3 | ForEach-Object { "text $_"; [pscustomobject]@{ N = $_ } }
#### Out-Default and Out-Host among output
'one'
'two' | Out-Host
'three' | Out-Default
[pscustomobject]@{ A = 1 } | Out-Host
'four'
