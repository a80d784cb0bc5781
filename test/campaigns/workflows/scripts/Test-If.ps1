workflow Test-If {
    param([int[]] $Numbers)
    foreach ($number in $Numbers) {
        if ($number -gt 10) { "$number is large" }
        elseif ($number -gt 5) { "$number is middling" }
        else { "$number is small" }
    }
    if ($Numbers.Count -eq 3) { 'three' }
    if ($false) { 'never' }
    $word = if ($Numbers[0] -eq 1) { 'one' } else { 'other' }
    $word
}
