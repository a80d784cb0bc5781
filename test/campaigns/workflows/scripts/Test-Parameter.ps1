<#
.SYNOPSIS
Says what it was given.
.PARAMETER Name
Who it is for.
#>
workflow Test-Parameter {
    param(
        [Parameter(Mandatory = $true)] [string] $Name,
        [int] $Count = 3,
        [string[]] $Hosts = @('a', 'b'),
        [bool] $Force,
        [switch] $Quick,
        [datetime] $When,
        [hashtable] $Table,
        [object] $Anything,
        [ValidateSet('low', 'high')] [string] $Level = 'low'
    )
    "Name: $Name, $($Name.GetType().Name)"
    "Count: $Count, $($Count.GetType().Name)"
    "Hosts: $($Hosts -join '+'), $($Hosts.Count)"
    "Force: $Force"
    "Quick: $Quick"
    "When: $($When.ToUniversalTime().ToString('o'))"
    "Table: $($Table.a), $($Table.b.Count)"
    "Anything: $($Anything.x)"
    "Level: $Level"
}
