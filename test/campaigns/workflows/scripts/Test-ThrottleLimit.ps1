workflow Test-ThrottleLimit {
    foreach -parallel -throttlelimit 1 ($number in 1..4) { $number }
    $spans = foreach -parallel -throttlelimit 2 ($number in 1..6) {
        InlineScript {
            $begin = [datetime]::UtcNow.Ticks
            Start-Sleep -Milliseconds 100
            "$begin $([datetime]::UtcNow.Ticks)"
        }
    }
    $atOnce = InlineScript {
        $moments = foreach ($span in $using:spans) {
            $begin, $end = $span -split ' '
            [pscustomobject]@{ At = [long]$begin; Change = 1 }
            [pscustomobject]@{ At = [long]$end; Change = -1 }
        }
        $running = 0
        $most = 0
        foreach ($moment in $moments | Sort-Object At, Change) {
            $running += $moment.Change
            $most = [math]::Max($most, $running)
        }
        $most
    }
    "$($spans.Count) ran, never more than two at once: $($atOnce -le 2)"
}
