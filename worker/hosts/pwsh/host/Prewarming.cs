#nullable enable
using System;
using System.Collections.Generic;
using System.IO;
using System.Management.Automation.Runspaces;
using System.Text;
using System.Text.Json;

namespace Runsmith.PowerShellHost;

/// <summary>
/// Has .NET compile, and PowerShell load, what nearly every runbook needs, by running scripts of our own in a runspace
/// of their own. Nothing of it stays but compiled code: without it a first line takes 100 ms more.
/// </summary>
internal static class Prewarming
{
    private const string Message = """
        {"type":"run","jobId":"00000000-0000-0000-0000-000000000000","attempt":1,"runbook":{"name":"Prewarming","kind":"PowerShell"},
        "parameters":{"Title":"warm","Limit":3,"Factor":1.5,"Flag":true,"Items":["a","b"],"Table":{"k":"v"},"Since":"2024-01-01T00:00:00Z"},
        "parameterSchemas":{"Title":{"x-type":"string"},"Limit":{"x-type":"int"},"Items":{"x-type":"string[]"},"Table":{"x-type":"hashtable"}},
        "logs":{"verbose":true,"debug":true,"progress":true},"width":120,"stopGrace":1000,"script":SCRIPT}
        """;

    /// <summary>The language and the commands of every day, and each stream once.</summary>
    private const string Everyday = """
        <#
        .SYNOPSIS
        Nothing.
        #>
        [CmdletBinding()]
        param(
            [Parameter(Mandatory)][ValidateNotNullOrEmpty()][string] $Title,
            [ValidateRange(0, 100)][int] $Limit = 5,
            [double] $Factor = 1,
            [ValidateSet('low', 'high')][string] $Level = 'low',
            [string[]] $Items = @('x'),
            [hashtable] $Table = @{},
            [datetime] $Since = (Get-Date),
            [switch] $Flag
        )
        Set-StrictMode -Version Latest
        $ErrorActionPreference = 'Stop'

        function Get-Sample {
            [CmdletBinding()]
            param([Parameter(ValueFromPipeline)][int] $Number, [string] $Name = 'sample')
            begin { $total = 0 }
            process {
                $total += $Number
                if ($Number % 2 -eq 0) { [pscustomobject]@{ Name = "$Name$Number"; Number = $Number; Half = $Number / 2; At = $script:start } }
                elseif ($Number -gt 6) { Write-Verbose "big $Number" }
                else { Write-Debug "small $Number" }
            }
            end { Write-Verbose ("total {0:n1}" -f $total) }
        }
        function Test-Sample($Value) { return $Value -match '^(?<word>\w+)-(\d+)$' }

        $start = Get-Date
        "Title: $Title, $($Items.Count) items, $($Items -join ', ')"
        Write-Host "Level $Level"
        Write-Information 'information' -InformationAction Continue
        Write-Warning 'warning'
        $list = [System.Collections.Generic.List[object]]::new()
        for ($index = 0; $index -lt $Limit; $index++) { $list.Add(@{ Index = $index; Text = 'x' * $index }) }
        foreach ($entry in $list) { if ($entry.Index -eq 1) { continue }; $entry['Seen'] = $true }
        while ($list.Count -gt 4) { $list.RemoveAt(0) }
        $result = 1..8 | Get-Sample -Name 'n'
        $result
        $result | Where-Object { $_.Number -gt 2 } | Sort-Object -Property Number -Descending | Select-Object -First 2 -Property Name, Number
        $result | Where-Object Number -gt 2 | ForEach-Object { $_.Name.ToUpper() } | Out-Null
        $groups = $result | Group-Object -Property { $_.Number -gt 4 }
        $sum = ($result | Measure-Object -Property Number -Sum -Maximum -Average).Sum
        $json = [ordered]@{ title = $Title; sum = $sum; items = $Items; nested = @{ a = 1; b = $null; c = $true } } | ConvertTo-Json -Depth 4
        $back = $json | ConvertFrom-Json
        $back.nested.a + $back.sum
        if ((Test-Sample 'abc-12') -and 'def-3' -match '^(?<word>\w+)-(\d+)$') { $word = $Matches['word'] }
        $parts = 'a,b;c' -split '[,;]' -replace 'a', 'z'
        $text = @'
        here
        string
        '@.Trim().Split("`n")[0]
        switch -Regex ($text) { '^h' { $kind = 'h'; break } default { $kind = 'other' } }
        $file = Join-Path $PSScriptRoot 'sample.txt'
        'one', 'two', 'three' | Set-Content -LiteralPath $file
        $content = Get-Content -LiteralPath $file | Where-Object { $_ -like 't*' } | Select-Object -Last 1
        $raw = Get-Content -Raw $file
        $exists = Test-Path $file
        $info = Get-Item $file
        $children = Get-ChildItem -Path $PSScriptRoot -File | Sort-Object Length | Select-Object -ExpandProperty Name
        Remove-Item $file -Force
        try { throw "sample failure" }
        catch [System.IO.IOException] { 'never' }
        catch { "caught: $($_.Exception.Message) at $($_.InvocationInfo.ScriptLineNumber)" }
        finally { $done = $true }
        try { [int]::Parse('x') } catch { $parse = "$_" }
        $null = [math]::Round(2.345, 2) + [math]::Max(1, 2) + [math]::Floor($Factor)
        $elapsed = ((Get-Date) - $Since).TotalDays
        '{0:yyyy-MM-dd HH:mm} {1,8:n2} {2}' -f $start, $elapsed, ($start.ToString('o'))
        $start.AddDays(-1).ToUniversalTime() -lt $start
        [string]::Join(',', ($Table.Keys | Sort-Object))
        foreach ($key in $Table.Keys) { "$key=$($Table[$key])" }
        $env:PATH.Length -gt 0
        Start-Sleep -Milliseconds 1
        $splat = @{ Number = 4; Name = 's' }
        Get-Sample @splat
        @($result | ForEach-Object { $_.Half }) -contains 2
        [pscustomobject]@{ Name = 'list'; One = 1; Two = 2.5; Three = $true; Four = $start; Five = 'five' }
        [math]::PI
        $start
        42
        $info.Length
        $result | Format-Table -AutoSize
        $result | Select-Object -First 1 | Format-List
        """;

    /// <summary>The way of a program's output, of an uncaught error, and of a script without anything.</summary>
    private const string Program = """
        $lines = /bin/sh -c 'echo one; echo two >&2; exit 1' 2>$null
        "$($lines.Count) $LASTEXITCODE"
        /bin/sh -c 'echo three'
        throw [System.InvalidOperationException]::new('over')
        """;

    /// <param name="file">Of the host; nothing is left in its folder.</param>
    /// <param name="strict">Throw when a script of ours fails, in place of merely being slower later.</param>
    public static void Run(ScriptFile file, bool strict)
    {
        var channel = new HostChannel(Stream.Null, Stream.Null);
        var sink = new RecordSink();
        var host = new ScriptHost(sink);
        using var runspace = ScriptRunspace.Open(host, withModules: true);
        var everyday = ReadMessage(Everyday);
        var end = new JobRun(channel, sink, host, runspace, file).Run(everyday);
        if (strict && end.Outcome != "Completed")
        {
            throw new InvalidOperationException($"The prewarming script failed: {end.Failure?.Message}", end.Failure);
        }

        new JobRun(channel, sink, host, runspace, file)
            .Run(everyday with { Script = Program, Parameters = new Dictionary<string, object?>() });
    }

    /// <summary>Has the job's own runspace run something once: it finds its providers and commands only then.</summary>
    public static void Touch(RecordSink sink, ScriptHost host, Runspace runspace, ScriptFile file)
    {
        // Without a variable or a function, because whatever a script file defines stays in the runspace.
        var message = ReadMessage("'touched' | Where-Object { $_ }") with { Parameters = new Dictionary<string, object?>() };
        new JobRun(new HostChannel(Stream.Null, Stream.Null), sink, host, runspace, file).Run(message);
    }

    private static RunMessage ReadMessage(string script)
    {
        var line = Message.ReplaceLineEndings(string.Empty).Replace("SCRIPT", $"\"{JsonEncodedText.Encode(script)}\"") + "\n";
        var channel = new HostChannel(new MemoryStream(Encoding.UTF8.GetBytes(line)), Stream.Null);
        using var document = JsonDocument.Parse(channel.Read()!.Value);
        return RunMessage.Read(document.RootElement);
    }
}
