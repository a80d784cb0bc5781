<#
.SYNOPSIS
Works through a long list in batches: side by side within a batch, and with a checkpoint behind each.
.DESCRIPTION
What fails for a moment is tried again (PSActionRetryCount). A job that is lost, or suspended by an operator, goes on with the batch
that comes next.
#>
workflow Copy-InBatch {
    param(
        [ValidateRange(1, 10000)] [int] $Items = 12,
        [ValidateRange(1, 100)] [int] $BatchSize = 5
    )

    $done = 0
    while ($done -lt $Items) {
        $last = [math]::Min($done + $BatchSize, $Items)
        $copied = foreach -parallel -throttlelimit 5 ($item in ($done + 1)..$last) {
            InlineScript {
                # Here the item would be copied; an error in here has it tried again.
                $Using:item
            } -PSActionRetryCount 3 -PSActionRetryIntervalSec 5
        }
        $done = $done + @($copied).Count
        "$done of $Items"
        Checkpoint-Workflow
    }
}
