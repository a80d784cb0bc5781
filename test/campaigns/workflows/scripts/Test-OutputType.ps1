workflow Test-OutputType {
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory = $false)] [string] $Name = 'Ada')
    # A comment amid it.
    Write-Output -InputObject "Hello, $Name" # one behind a statement
} # one behind the closing brace
