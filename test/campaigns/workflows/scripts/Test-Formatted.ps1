workflow Test-Formatted {
    InlineScript { [pscustomobject]@{ Name = 'one'; Value = 1 }, [pscustomobject]@{ Name = 'two'; Value = 2 } } |
        Select-Object -Property Name, Value
    'text behind the table'
}
