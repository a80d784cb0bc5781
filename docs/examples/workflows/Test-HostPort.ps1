<#
.SYNOPSIS
Looks at many hosts at once, whether a port of each is open.
.DESCRIPTION
To reach other machines it needs the network: npx runsmith set-runbook Test-HostPort --grant network
.PARAMETER Hosts
Names or addresses.
.PARAMETER AtOnce
How many are asked at the same time.
#>
workflow Test-HostPort {
    param(
        [ValidateNotNullOrEmpty()] [string[]] $Hosts = @('localhost', '127.0.0.2', '127.0.0.3'),
        [ValidateRange(1, 65535)] [int] $Port = 22,
        [ValidateRange(1, 50)] [int] $AtOnce = 10,
        [ValidateRange(1, 60)] [int] $TimeoutSeconds = 3
    )

    $answers = foreach -parallel -throttlelimit $AtOnce ($name in $Hosts) {
        InlineScript {
            $client = [System.Net.Sockets.TcpClient]::new()
            try {
                $connecting = $client.ConnectAsync($Using:name, $Using:Port)
                $isOpen = $connecting.Wait([timespan]::FromSeconds($Using:TimeoutSeconds)) -and $client.Connected
                $reason = if ($isOpen) { '' } else { 'no answer' }
            }
            catch {
                $isOpen = $false
                $reason = $_.Exception.GetBaseException().Message
            }
            finally {
                $client.Dispose()
            }
            [pscustomobject]@{ Host = $Using:name; Port = $Using:Port; Open = $isOpen; Reason = $reason }
        }
    }
    $answers | Sort-Object -Property Host | Select-Object -Property Host, Port, Open, Reason
    $closed = @($answers | Where-Object -FilterScript { -not $_.Open })
    if ($closed.Count -gt 0) {
        Write-Warning -Message "$($closed.Count) of $($answers.Count) hosts do not answer at port $Port."
    }
}
