workflow Test-Sequence {
    parallel {
        sequence {
            $first = 'a'
            Start-Sleep -Milliseconds 200
            $second = "${first}b"
            $workflow:left = "${second}c"
        }
        sequence {
            $number = 1
            $number = $number + 1
            $workflow:right = $number * 10
        }
    }
    "$left $right"
    sequence {
        'in order'
        'of the text'
    }
}
