workflow Test-Parallel {
    $lines = InlineScript { 'x' }
    $all = foreach ($round in 1..1) {
        parallel {
            "one $lines"
            Write-Output 'two'
            InlineScript { "three $using:lines" }
        }
    }
    $all | Sort-Object
    'joined'
}
