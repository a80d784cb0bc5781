#### here-strings with quotes and variables
$name = 'Ada'
@"
Hello "$name", it's $(1 + 1)
	tab and `t escaped tab
"@
@'
No $expansion, 'quotes' "both"
'@
@"

"@.Length
#### escapes
"a`tb`nc`r`n`"d`" ``e`` `$f `0end".Length
"`u{1F600} `u{e9}"
"`e[31mred`e[0m".Length
'single ''quoted'''
"double ""quoted"""
"a`
b"
#### numbers by the format operator
'{0:n2}|{0:f0}|{0:e2}|{0:p1}|{0:c}|{0:g}' -f 1234.567
'{0:d5}|{0:x}|{0:X4}|{0:b}' -f 42
'{0,8}|{0,-8}|' -f 'ab'
'{0:000.00}|{0:#,##0.##}|{1:#.#;(#.#);zero}|{2:#.#;(#.#);zero}' -f 3.14159, -2.5, 0
'{{literal}} {0}' -f 1
'{1} {0}' -f 'a', 'b'
try { '{2}' -f 1 } catch { $_.Exception.InnerException.GetType().Name }
#### dates by the format operator
$d = [datetime]::new(2024, 2, 29, 13, 5, 9, 7)
'{0:yyyy-MM-dd HH:mm:ss.fff}|{0:d}|{0:t}|{0:D}|{0:s}|{0:o}|{0:u}|{0:R}|{0:ddd MMM}' -f $d
$d.ToString('dddd, d MMMM yyyy')
Get-Date $d -Format 'yyyy/MM/dd'
Get-Date $d -UFormat '%Y-%m-%d %H:%M:%S %A %j'
$d
#### time spans
New-TimeSpan -Hours 25 -Minutes 3
[timespan]'1.02:03:04.005'
'{0:hh\:mm\:ss}' -f [timespan]::FromSeconds(3661)
([datetime]'2024-03-01') - ([datetime]'2024-02-28')
(New-TimeSpan -Start '2024-01-01' -End '2024-12-31').Days
#### date arithmetic and parsing
([datetime]'2024-01-31').AddMonths(1)
[datetime]::ParseExact('31.12.2023', 'dd.MM.yyyy', $null)
[datetime]'2024-02-03T04:05:06Z'
[datetimeoffset]'2024-02-03T04:05:06+02:00'
[datetime]::IsLeapYear(2024); [datetime]::DaysInMonth(2023, 2)
([datetime]'2024-05-06').DayOfWeek; ([datetime]'2024-05-06').DayOfYear
[datetime]::UnixEpoch.AddSeconds(86400)
[dateonly]'2024-01-02'; [timeonly]'13:14'
#### time zones
$utc = [datetime]::SpecifyKind([datetime]'2024-07-01T12:00:00', 'Utc')
[TimeZoneInfo]::ConvertTimeBySystemTimeZoneId($utc, 'Europe/Berlin')
[TimeZoneInfo]::Utc.DisplayName
$utc.ToLocalTime(); $utc.Kind
([datetimeoffset]$utc).ToOffset([timespan]::FromHours(5))
#### cultures
$de = [cultureinfo]'de-DE'
(1234.5).ToString('n2', $de); ([datetime]'2024-02-03').ToString('d', $de)
[string]::Format($de, '{0:n1} {1:d}', 12.34, ([datetime]'2024-02-03'))
[double]::Parse('1.234,5', $de)
'{0:n1}' -f 1234.5
[string]1.5; "$(1.5)"; 1.5.ToString()
(Get-Culture).Name; (Get-UICulture).Name; $PSCulture
#### a script that changes its culture
[Threading.Thread]::CurrentThread.CurrentCulture = 'de-DE'
1.5; '{0:n2}' -f 1234.5; "$(1.5)"; [string]1.5; [double]'1.5'
[datetime]'2024-02-03'
Get-Date '2024-02-03' -Format d
[pscustomobject]@{ Number = 1234.5; Date = [datetime]'2024-02-03' }
#### Turkish and invariant casing
'i'.ToUpper([cultureinfo]'tr-TR'); 'I'.ToLowerInvariant(); 'straße'.ToUpper()
'file' -eq 'FILE'; 'ß' -eq 'ss'
[string]::Compare('a', 'B', $true); [string]::Compare('a', 'B', [StringComparison]::Ordinal)
#### methods of strings
'abc'.PadLeft(5, '.'); 'abc'.PadRight(5) + '|'; ' x '.Trim() + '|'; 'xxaxx'.Trim('x')
'a-b-c'.Split('-'); 'abc'.Substring(1, 1); 'abc'.IndexOf('c'); 'abc'.Contains('b'); 'abcabc'.LastIndexOf('b')
'abc'.Insert(1, 'X'); 'abc'.Remove(1); 'abc'.Replace('b', 'z'); 'abc'.StartsWith('ab'); 'a'.CompareTo('b')
'abc'.ToCharArray(); [string]::Join('|', 1..3); [string]::IsNullOrWhiteSpace(' ')
try { 'abc'.Substring(5) } catch { $_.Exception.InnerException.GetType().Name }
#### string builders and readers
$b = [Text.StringBuilder]::new()
[void]$b.Append('a').AppendLine('b').AppendFormat('{0:d3}', 7)
$b.ToString(); $b.Length
$r = [IO.StringReader]::new("one`ntwo"); $r.ReadLine(); $r.ReadToEnd()
#### encodings
[Text.Encoding]::UTF8.GetBytes('é€😀') -join ' '
[Text.Encoding]::Unicode.GetString([byte[]](0x41, 0, 0xe9, 0))
[Text.Encoding]::Latin1.GetBytes('é') -join ' '
$OutputEncoding.WebName; [Console]::OutputEncoding.WebName
'é€😀ñ日本'
'é€😀'.Length; [Globalization.StringInfo]::new('é€😀').LengthInTextElements
#### encodings of files
$f = [IO.Path]::GetTempFileName()
foreach ($e in 'utf8', 'utf8BOM', 'unicode', 'bigendianunicode', 'ascii', 'utf32') {
    Set-Content $f 'é' -Encoding $e -NoNewline
    "$e $([IO.File]::ReadAllBytes($f) -join ' ')"
    Get-Content $f -Encoding $e
}
Set-Content $f 'é' -NoNewline; [IO.File]::ReadAllBytes($f) -join ' '
'a' | Out-File $f; [IO.File]::ReadAllBytes($f) -join ' '
Get-Content $f -AsByteStream
#### a regular expression and its groups
$m = [regex]::Match('key=value; other=thing', '(?<k>\w+)=(?<v>\w+)')
$m.Success; $m.Groups['k'].Value; $m.Index
[regex]::Matches('a1b22c333', '\d+').Value -join ','
[regex]::Split('a1b2', '\d'); [regex]::Escape('a.b*c')
[regex]::Replace('abc', '[ac]', { param($m) $m.Value.ToUpper() })
[regex]::new('A', 'IgnoreCase').IsMatch('a')
'2024-02-03' -match '^(\d+)-(\d+)' | Out-Null; $Matches
#### a match as output
[regex]::Match('abc', 'b')
#### regular expressions with options
'a
b' -match '(?m)^b$'; 'A' -cmatch '(?i)a'; 'ab' -match '(?x) a # comment
 b'
'aaa' -replace '(?<=a)a', 'b'; 'x1y' -replace '(?<d>\d)', '[${d}]'; 'a.b' -replace '\.', '$$'
#### Select-String forms
$text = 'alpha', 'beta', 'gamma', 'delta'
$text | Select-String 'a$'
$text | Select-String 'ET' -CaseSensitive
$text | Select-String 'm' -NotMatch
($text | Select-String '(.)a' -AllMatches).Matches.Count
$text | Select-String 'l' -Quiet
$text | Select-String 'a', 'e' -Raw
$text | Select-String 'gam' -SimpleMatch | ForEach-Object { $_.LineNumber; $_.Line }
#### text into lines
"a`nb`r`nc" -split '\r?\n'
"a`nb" | Measure-Object -Line -Word -Character
("x" * 130)
'a', 'b' | Out-String -Stream
('a', 'b' | Out-String).Length
'  indented' ; "trailing  "
#### expansion of properties, indexes and members
$o = [pscustomobject]@{ A = 1; L = 1, 2; H = @{ x = 'y' } }
"$o.A $($o.A) $($o.L[1]) $($o.H.x) $o"
"$($o.L)"; "$($null)"; "$true $(Get-Item /usr)"
$a = 1, 2, 3; "$a $a[0] $($a[0])"
$OFS = '-'; "$a"
"`$a = $a; ${a}b"
#### StringData and templates
$data = ConvertFrom-StringData @'
Name = value # no comment
Path = C:\\dir
'@
$data.Name; $data.Path
$ExecutionContext.InvokeCommand.ExpandString('sum $(1 + 2)')
$template = 'Hi {0}'; $template -f 'you'
#### string comparison and sorting
'b', 'A', 'a', 'B' | Sort-Object
'b', 'A', 'a', 'B' | Sort-Object -CaseSensitive
'a10', 'a2', 'a1' | Sort-Object
'a10', 'a2', 'a1' | Sort-Object { [int]$_.Substring(1) }
'é', 'e', 'f', 'E' | Sort-Object
'x', 'y', 'x' | Sort-Object -Unique; 'x', 'X' | Sort-Object -Unique
#### secure strings and credentials
$s = ConvertTo-SecureString 'geheim' -AsPlainText -Force
$s.Length; $s
ConvertFrom-SecureString $s -AsPlainText
$c = [pscredential]::new('user', $s)
$c; $c.GetNetworkCredential().Password
