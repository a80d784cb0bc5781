workflow Test-Do {
    $count = 0
    do { $count++; "while $count" } while ($count -lt 2)
    do { $count--; "until $count" } until ($count -le 0)
}
