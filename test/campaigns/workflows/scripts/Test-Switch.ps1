workflow Test-Switch {
    foreach ($word in 'one', 'TWO', 'three') {
        switch -CaseSensitive ($word) {
            'one' { 'first' }
            'two' { 'never' }
            'TWO' { 'second'; break }
            default { "other: $word" }
        }
    }
    switch (1, 2, 3) {
        1 { 'a' }
        { $_ -lt 3 } { "below 3: $_" }
        3 { 'c' }
    }
    $result = switch -Wildcard ('runbook') { 'run*' { 'matches' } }
    $result
}
