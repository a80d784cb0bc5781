workflow Test-Validation {
    param(
        [Parameter(Mandatory)] [ValidateRange(1, 5)] [int] $Level,
        [ValidateSet('a', 'b')] [string] $Letter
    )
    $Level
}
