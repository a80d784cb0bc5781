#### ConvertTo-Json
[ordered]@{ a = 1; b = 'x'; c = $null; d = $true; e = 1.5; f = @(1, @{ g = 2 }); h = [datetime]'2024-01-02'; i = [System.DayOfWeek]::Monday } | ConvertTo-Json
1, 2 | ConvertTo-Json -Compress
@() | ConvertTo-Json
, @() | ConvertTo-Json
'é"\/' | ConvertTo-Json
'é<' | ConvertTo-Json -EscapeHandling EscapeNonAscii
#### ConvertTo-Json that is too deep
@{ a = @{ b = @{ c = @{ d = 1 } } } } | ConvertTo-Json -Depth 1 -Compress
#### ConvertFrom-Json
'{"a":1,"b":[1,2,{"c":null}],"d":"2024-01-02T03:04:05Z","e":1.5}' | ConvertFrom-Json
('{"a":{"b":1}}' | ConvertFrom-Json -AsHashtable).a.b
'[1,2,3]' | ConvertFrom-Json | Measure-Object | ForEach-Object Count
'{bad' | ConvertFrom-Json
Test-Json '{"a":1}'
#### CSV
$csv = "Name,Age`nAda,36`n`"O'Neil, Jr`",5"
$csv | ConvertFrom-Csv
$csv | ConvertFrom-Csv | ConvertTo-Csv
[pscustomobject]@{ A = 'x,y'; B = $null; C = 'q"q' } | ConvertTo-Csv -UseQuotes AsNeeded -Delimiter ';'
#### CSV in files
$file = [IO.Path]::GetTempFileName()
1..2 | ForEach-Object { [pscustomobject]@{ N = $_; S = "s$_" } } | Export-Csv $file
Get-Content $file
Import-Csv $file | Where-Object N -eq 2
[pscustomobject]@{ N = 3; S = 's3' } | Export-Csv $file -Append
(Import-Csv $file).Count
#### XML
$x = [xml]'<r><i n="1">a</i><i n="2">b</i></r>'
$x
$x.r.i
$x.r.i[1].n
$x.SelectNodes('//i') | ForEach-Object InnerText
$x.OuterXml
Select-Xml -Xml $x -XPath '//i[@n=2]' | ForEach-Object { $_.Node.InnerText }
([pscustomobject]@{ A = 1 } | ConvertTo-Xml -As String)
#### CliXml
$file = [IO.Path]::GetTempFileName()
[pscustomobject]@{ A = 1; D = [datetime]'2024-01-02'; L = 1, 2; H = @{ x = 1 } } | Export-Clixml $file
$o = Import-Clixml $file
$o; $o.D.Year; $o.H.x; $o.PSObject.TypeNames[0]
[System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize('text'))
Get-Item /usr | Export-Clixml $file
(Import-Clixml $file).PSObject.TypeNames[0]
#### deserialised objects in tables
$file = [IO.Path]::GetTempFileName()
Get-Item /usr/bin/env | Select-Object Name, Extension | Export-Clixml $file
Import-Clixml $file
#### HTML and string data
[pscustomobject]@{ A = 1; B = '<' } | ConvertTo-Html -Fragment
ConvertFrom-StringData "a = 1`nb = two" | ForEach-Object { $_.b }
'name=x' | ConvertFrom-String -ErrorAction SilentlyContinue 2>$null
#### markdown
('# T' | ConvertFrom-Markdown).Html
#### base64 and bytes
[Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes('é'))
[byte[]](1, 2, 255) | ForEach-Object { '{0:x2}' -f $_ }
[BitConverter]::ToString([byte[]](1, 2))
, [byte[]](1, 2)
#### hashes
$file = [IO.Path]::GetTempFileName(); Set-Content $file 'x' -NoNewline
(Get-FileHash $file).Hash
(Get-FileHash $file -Algorithm MD5).Algorithm
#### Select-String with context
'a', 'b', 'hit', 'c', 'd' | Select-String hit -Context 1
'one', 'two' | Select-String -Pattern 'o' -NotMatch
('x1y2' | Select-String '\d' -AllMatches).Matches.Count
'Find Me' | Select-String 'me' -CaseSensitive
'Find Me' | Select-String 'me' -Raw
#### Compare-Object
Compare-Object @('a', 'b') @('b', 'c') -IncludeEqual
Compare-Object ([pscustomobject]@{ A = 1; B = 2 }) ([pscustomobject]@{ A = 1; B = 3 }) -Property A, B
#### Sort-Object by several properties
[pscustomobject]@{ A = 1; B = 2 }, [pscustomobject]@{ A = 1; B = 1 }, [pscustomobject]@{ A = 0; B = 9 } | Sort-Object A, @{ e = 'B'; Descending = $true }
'10', '9', '1' | Sort-Object { [int]$_ }
1..10 | Sort-Object -Top 2 -Descending
#### Group-Object by several properties
[pscustomobject]@{ A = 1; B = 'x' }, [pscustomobject]@{ A = 1; B = 'x' }, [pscustomobject]@{ A = 2; B = 'y' } | Group-Object A, B
#### Measure-Object of properties
[pscustomobject]@{ A = 1 }, [pscustomobject]@{ A = 5 } | Measure-Object A -Minimum -Maximum
#### New-Object and members
New-Object psobject -Property ([ordered]@{ A = 1; B = 2 })
(New-Object System.Text.StringBuilder 'x').Append('y').ToString()
New-Object 'System.Collections.Generic.List[int]' | ForEach-Object Count
#### Update-TypeData
Update-TypeData -TypeName System.String -MemberType ScriptProperty -MemberName Loud -Value { $this.ToUpper() + '!' } -Force
'hey'.Loud
#### Get-Random with a seed, Get-SecureRandom's range
Get-Random -SetSeed 5 -Maximum 100
1..10 | Get-Random -Count 3 -SetSeed 7
#### New-Guid and Get-Unique
(New-Guid).ToString().Length
'a', 'a', 'b' | Get-Unique
[guid]::Parse('00000000-0000-0000-0000-000000000001')
