workflow Test-BoundParameter {
    param([string] $Name, [int] $Times = 1, [string] $Other)
    function Get-Given { param($Name, $Times) "splatted: $Name, $Times" }
    workflow Get-Inner {
        param($Number, $More = 1)
        Checkpoint-Workflow
        Wait-Gate -Name 2
        parallel { "inner: $($PSBoundParameters.Keys)" }
    }
    parallel {
        "branch: $($PSBoundParameters.Keys | Sort-Object)"
    }
    $said = foreach ($round in 1) {
        Checkpoint-Workflow
        Wait-Gate -Name 1
        "loop: $($PSBoundParameters.ContainsKey('Other')) $($PSBoundParameters['Name'])"
        1 | ForEach-Object { "each: $($PSBoundParameters.Count)" }
    }
    $said
    foreach -parallel ($item in 1) { Get-Given @PSBoundParameters }
    Get-Inner -Number 1
    InlineScript { "using: $($using:PSBoundParameters.Count)" }
    & { "own: $($PSBoundParameters.Count)" }
}
