#### parameters given by name and by position
#given {"Name":"Ada","Count":3,"Ratio":1.5,"On":true}
#arguments -Name Ada -Count 3 -Ratio 1.5 -On
param([string] $Name, [int] $Count, [double] $Ratio, [switch] $On)
"$Name $Count $Ratio $On"
$PSBoundParameters.Keys | Sort-Object
#### arrays
#given {"Names":["a","b"],"Numbers":[1,2,3],"Any":[1,"x",true]}
#arguments -Names a, b -Numbers 1, 2, 3 -Any 1, x, $true
param([string[]] $Names, [int[]] $Numbers, [object[]] $Any)
$Names.Count; $Numbers | Measure-Object -Sum | ForEach-Object Sum
$Any | ForEach-Object { $_.GetType().Name }
#### hashtables and nested values
#given {"Table":{"a":1,"list":[1,2],"inner":{"x":"y"}}}
#arguments -Table @{ a = 1; list = 1, 2; inner = @{ x = 'y' } }
param([hashtable] $Table)
$Table.a; $Table.list.Count; $Table.inner.x; $Table.inner.GetType().Name
#### objects
#given {"Thing":{"A":1,"B":{"C":[1,2,3]}}}
#arguments -Thing ([pscustomobject]@{ A = 1; B = [pscustomobject]@{ C = 1, 2, 3 } })
param([pscustomobject] $Thing)
$Thing; $Thing.B.C.Count
#### dates, enumerations and other types from text
#given {"At":"2024-02-29T10:00:00Z","Day":"Friday","Id":"11111111-2222-3333-4444-555555555555","For":"01:30:00","Version":"1.2.3","Uri":"http://example.org/x"}
#arguments -At 2024-02-29T10:00:00Z -Day Friday -Id 11111111-2222-3333-4444-555555555555 -For 01:30:00 -Version 1.2.3 -Uri http://example.org/x
param([datetime] $At, [System.DayOfWeek] $Day, [guid] $Id, [timespan] $For, [version] $Version, [uri] $Uri)
$At.ToString('o'); $Day; $Id; $For; $Version; $Uri.Host
#### switches
#given {"On":true,"Off":false}
#arguments -On -Off:$false
param([switch] $On, [switch] $Off, [switch] $Unset)
$On; $Off; $Unset; $On.IsPresent; $PSBoundParameters.Count
#### defaults, also of other parameters
#given {"A":2}
#arguments -A 2
param([int] $A = 1, [int] $B = $A * 2, [string] $C = "c$B")
"$A $B $C"
#### validate set, pattern, script
#given {"Level":"low","Code":"A1","Even":4}
#arguments -Level low -Code A1 -Even 4
param([ValidateSet('low', 'high')] $Level, [ValidatePattern('^\w\d$')] $Code, [ValidateScript({ $_ % 2 -eq 0 })] $Even)
"$Level $Code $Even"
#### aliases and parameter sets
#given {"Id":5}
#arguments -Id 5
[CmdletBinding(DefaultParameterSetName = 'ByName')] param([Parameter(ParameterSetName = 'ById')][int] $Id, [Parameter(ParameterSetName = 'ByName')][string] $Name)
$PSCmdlet.ParameterSetName
