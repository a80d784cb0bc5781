function Get-Double {
    param([int] $Number)
    $Number * 2
}

function Test-Even([int] $Number) { $Number % 2 -eq 0 }

filter Add-Mark { "[$_]" }

workflow Test-NestedFunction {
    function Get-Triple {
        param([int] $Number)
        $Number * 3
    }
    Get-Double -Number 4
    Get-Triple -Number 4
    if (Test-Even -Number 4) { 'even' }
    $value = Get-Double -Number (Get-Triple -Number 2)
    "value $value"
    'a', 'b' | Add-Mark
}
