workflow Test-NestedParallel {
    $workflow:count = 0
    $words = foreach -parallel ($outer in 'a', 'b') {
        parallel {
            foreach -parallel ($inner in 1, 2) { "$outer$inner" }
            sequence {
                parallel {
                    "${outer}x"
                    "${outer}y"
                }
            }
        }
    }
    ($words | Sort-Object) -join ' '
}
