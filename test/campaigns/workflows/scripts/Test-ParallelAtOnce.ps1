# Neither branch can end without the other.
workflow Test-ParallelAtOnce {
    parallel {
        sequence {
            Write-Trace -Text 'left is here'
            Wait-ForTrace -Text 'right is here'
        }
        sequence {
            Write-Trace -Text 'right is here'
            Wait-ForTrace -Text 'left is here'
        }
    }
    'both were there'
}

function Wait-ForTrace([string] $Text) {
    while ((Read-Trace) -notcontains $Text) { Start-Sleep -Milliseconds 50 }
}
