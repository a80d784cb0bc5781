workflow Test-While {
    $count = 0
    while ($true) {
        $count++
        if ($count -eq 2) { continue }
        if ($count -gt 4) { break }
        "round $count"
    }
    while ($count -gt 3) { $count-- }
    "count $count"
}
