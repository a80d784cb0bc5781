workflow Test-ParallelError {
    parallel {
        Write-Error 'the first branch'
        sequence {
            $workflow:second = 'done'
        }
    }
    "second: $second"
    $results = foreach -parallel -throttlelimit 1 ($number in 1..3) {
        try {
            if ($number -eq 2) { throw "no $number" }
            "yes $number"
        }
        catch { "caught $($_.Exception.Message)" }
    }
    $results
}
