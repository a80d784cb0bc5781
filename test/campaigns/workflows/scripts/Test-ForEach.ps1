workflow Test-ForEach {
    foreach ($letter in 'a', 'b') {
        foreach ($number in 1..2) { "$letter$number" }
    }
    foreach ($nothing in @()) { 'never' }
    $doubled = foreach ($number in 1..3) { 2 * $number }
    "$doubled"
    :outer foreach ($x in 1..3) {
        foreach ($y in 1..3) {
            if ($y -eq 2) { continue outer }
            if ($x -eq 3) { break outer }
            "$x-$y"
        }
    }
    "last was $x"
}
