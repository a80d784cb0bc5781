<#
.SYNOPSIS
Lists the certificates of TLS endpoints with the days they have left.
.DESCRIPTION
Warns about the ones that end soon, and fails when one has ended or an endpoint does not answer. A certificate is read
whoever signed it, so private authorities and self-signed ones work too.
.PARAMETER Endpoint
Endpoints as host or host:port; the port is 443 where none is given.
.PARAMETER WarningDays
Days before the end from which on a warning is written.
.PARAMETER TimeoutSeconds
Seconds that an endpoint has to answer.
#>
#Needs network
[CmdletBinding()]
param(
    [Parameter(Mandatory)][ValidateNotNullOrEmpty()][string[]] $Endpoint,
    [ValidateRange(0, 3650)][int] $WarningDays = 30,
    [ValidateRange(1, 300)][int] $TimeoutSeconds = 10
)

$ErrorActionPreference = 'Stop'
$failures = [System.Collections.Generic.List[string]]::new()

$report = foreach ($item in $Endpoint) {
    Write-Progress -Activity 'Reading certificates' -Status $item
    $name, $port = $item -split ':', 2
    $client = [System.Net.Sockets.TcpClient]::new()
    try {
        if (-not $client.ConnectAsync($name, [int]($port ? $port : 443)).Wait($TimeoutSeconds * 1000)) {
            throw "no answer within $TimeoutSeconds s"
        }
        $options = [System.Net.Security.SslClientAuthenticationOptions]@{
            TargetHost                          = $name
            RemoteCertificateValidationCallback = { $true }
        }
        $stream = [System.Net.Security.SslStream]::new($client.GetStream())
        $stream.AuthenticateAsClient($options)
        $certificate = [System.Security.Cryptography.X509Certificates.X509Certificate2]$stream.RemoteCertificate
        $daysLeft = [int][math]::Floor(($certificate.NotAfter - (Get-Date)).TotalDays)
        if ($daysLeft -lt 0) { $failures.Add("${item}: ended on $($certificate.NotAfter.ToString('o'))") }
        elseif ($daysLeft -lt $WarningDays) { Write-Warning "${item}: $daysLeft days left" }
        [pscustomobject]@{
            Endpoint = $item
            Subject  = $certificate.Subject
            Expires  = $certificate.NotAfter.ToUniversalTime().ToString('yyyy-MM-dd')
            DaysLeft = $daysLeft
        }
    }
    catch {
        $failures.Add("${item}: $($_.Exception.GetBaseException().Message)")
    }
    finally {
        $client.Dispose()
    }
}
$report | Sort-Object DaysLeft

if ($failures) { throw ($failures -join '; ') }
