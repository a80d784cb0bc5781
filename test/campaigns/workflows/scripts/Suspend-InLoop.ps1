workflow Suspend-InLoop {
    workflow Wait-Inner {
        param([int] $Round)
        "asks in round $Round"
        Suspend-Workflow
        "answered in round $Round"
    }
    foreach ($round in 1..2) {
        try { Wait-Inner -Round $round }
        finally { "round $round is over" }
    }
}
