<#
.SYNOPSIS
Checks that web addresses answer as they should, and tries again before it calls one unhealthy.
.PARAMETER Uri
Addresses to ask.
.PARAMETER ExpectedStatus
The status a healthy address answers with.
.PARAMETER ExpectedText
A text that a healthy answer holds.
.PARAMETER Tries
How often an address is asked before it counts as unhealthy.
.PARAMETER TimeoutSeconds
Seconds that an answer may take.
#>
#Needs network
[CmdletBinding()]
param(
    [Parameter(Mandatory)][uri[]] $Uri,
    [int] $ExpectedStatus = 200,
    [string] $ExpectedText,
    [ValidateRange(1, 10)][int] $Tries = 3,
    [ValidateRange(1, 300)][int] $TimeoutSeconds = 5
)

$unhealthy = 0
foreach ($address in $Uri) {
    Write-Progress -Activity 'Checking' -Status $address
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    for ($attempt = 1; $attempt -le $Tries; $attempt++) {
        $status = $null
        $reason = $null
        try {
            $response = Invoke-WebRequest -Uri $address -TimeoutSec $TimeoutSeconds -SkipHttpErrorCheck -MaximumRedirection 0
            $status = $response.StatusCode
            # Without a content type that says text, the content comes as bytes.
            $text = if ($response.Content -is [byte[]]) { [System.Text.Encoding]::UTF8.GetString($response.Content) } else { $response.Content }
            if ($status -ne $ExpectedStatus) { $reason = "answered $status" }
            elseif ($ExpectedText -and -not $text.Contains($ExpectedText)) { $reason = 'the expected text is missing' }
        }
        catch {
            $reason = $_.Exception.GetBaseException().Message
        }
        if (-not $reason) { break }
        if ($attempt -lt $Tries) {
            Write-Warning "${address}: $reason; trying again"
            Start-Sleep -Seconds ([math]::Pow(2, $attempt - 1))
        }
    }
    if ($reason) { $unhealthy++ }
    [pscustomobject]@{
        Uri          = $address
        Healthy      = -not $reason
        Status       = $status
        Attempts     = [math]::Min($attempt, $Tries)
        Milliseconds = $watch.ElapsedMilliseconds
        Reason       = $reason
    }
}
if ($unhealthy) { throw "$unhealthy of $($Uri.Count) addresses are not healthy" }
