workflow Test-InlineScriptObject {
    $file = InlineScript { Get-Item -LiteralPath /usr/bin }
    "type: $($file.PSObject.TypeNames[0])"
    "property: $($file.FullName)"
    "method: $($file.PSObject.Methods.Name -contains 'Delete')"
    "computer: $($file.PSObject.Properties.Name -contains 'PSComputerName')"
    $object = InlineScript { [pscustomobject]@{ Name = 'x'; Numbers = 1, 2; Inner = @{ a = 1 } } }
    "object: $($object.Name) $($object.Numbers -join ',') $($object.Inner.a)"
    $date = InlineScript { [datetime]'2026-01-31' }
    "date: $($date.GetType().Name) $($date.Year)"
    $number = InlineScript { 42 }
    "number: $($number + 1)"
}
