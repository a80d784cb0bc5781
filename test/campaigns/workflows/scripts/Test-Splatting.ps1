workflow Test-Splatting {
    workflow Get-Both {
        param([string] $First, [string] $Second)
        "$First and $Second"
    }
    $given = @{ First = 'one'; Second = 'two' }
    Get-Both @given
    $path = @{ LiteralPath = '/usr' }
    (Get-Item @path).Name
    Get-Both 'by' 'position'
}
