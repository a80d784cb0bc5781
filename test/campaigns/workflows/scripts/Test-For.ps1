workflow Test-For {
    for ($row = 1; $row -le 2; $row++) {
        for ($column = 1; $column -le 2; $column++) { "$row,$column" }
    }
    $squares = for ($number = 1; $number -lt 4; $number++) { $number * $number }
    $squares -join ' '
}
