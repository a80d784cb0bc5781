enum Size { Small = 1; Large = 10 }
class Disk {
    [string] $Name
    [Size] $Size
    Disk([string] $name, [Size] $size) { $this.Name = $name; $this.Size = $size }
    [int] Bytes() { return 1024 * [int] $this.Size }
}
class Volume : Disk {
    [Disk[]] $Disks
    Volume([Disk[]] $disks) : base('all', 'Large') { $this.Disks = $disks }
    [int] Bytes() { return ($this.Disks | ForEach-Object { $_.Bytes() } | Measure-Object -Sum).Sum }
    [string] ToString() { return "volume of $($this.Disks.Name -join ' and ')" }
}
function Get-Bytes([Disk] $Disk) { "$($Disk.Name): $($Disk.Bytes())" }
workflow Test-Class {
    param([Size] $Size = 'Small')
    $disks = [Disk]::new('a', $Size), [Disk]::new('b', 'Small')
    $volume = [Volume]::new($disks)
    Write-Trace -Text "made $volume"
    Checkpoint-Workflow
    Wait-Gate -Name 1
    "$volume, $($volume.Bytes()) bytes, $($volume -is [Disk]), $($volume.Disks[0] -eq $disks[0])"
    foreach -parallel ($disk in $disks) {
        if ($disk.Bytes() -ne 1024 * [int] $disk.Size) { 'wrong' }
    }
    parallel {
        sequence {
            $size = [Size]::Large
            Checkpoint-Workflow
            Wait-Gate -Name 2
            Get-Bytes ([Disk]::new('c', $size))
        }
    }
    $copy = InlineScript { $disk = $using:volume; $disk.Disks[1].Size = 'Large'; $disk }
    "$($copy.Bytes()) from $($copy.PSComputerName), $($volume.Bytes()) here"
}
