<#
.SYNOPSIS
Gathers what is known of some machines, and reports it in one table.
.DESCRIPTION
One workflow within another, and a function beside them; what belongs to different machines is gathered side by side.
#>
workflow Get-Inventory {
    param([string[]] $Machines = @('alpha', 'beta'))

    workflow Get-Machine {
        param([Parameter(Mandatory = $true)] [string] $Name)

        parallel {
            $workflow:processors = InlineScript { [Environment]::ProcessorCount }
            $workflow:system = InlineScript { [Runtime.InteropServices.RuntimeInformation]::OSDescription }
            $workflow:folders = Get-ChildItem -LiteralPath /usr -Directory
        }
        New-Object -TypeName psobject -Property @{
            Name = $Name
            Processors = $processors
            System = $system
            Folders = $folders.Count
            Size = Get-SizeWord -Count $processors
        }
    }

    $all = foreach -parallel ($machine in $Machines) { Get-Machine -Name $machine }
    $all | Sort-Object -Property Name | Select-Object -Property Name, Size, Folders, System
}

function Get-SizeWord {
    param([int] $Count)
    if ($Count -gt 8) { 'large' } else { 'small' }
}
