#nullable enable
using System;
using System.Collections.Generic;
using System.Management.Automation;
using System.Security.Cryptography;
using System.Text;

namespace Runsmith.PowerShellHost;

/// <summary>The attempt whose script keeps a journal: what it is, and how a command ends it, whatever the script would still do.</summary>
internal sealed class JournalRun
{
    /// <summary>What a text that is to be taken up again calls.</summary>
    private static readonly string[] s_durableCalls =
        ["Invoke-RunbookStep", "Suspend-Runbook", "Wait-RunbookUntil", "Wait-RunbookEvent", "Request-RunbookApproval"];

    private readonly string _jobId;
    private readonly string _script;
    private readonly HostChannel _channel;
    private readonly RecordSink _sink;
    private readonly Action<PSObject[]> _format;
    private readonly StructuredValueWriter _values = new();

    /// <param name="script">Of the runbook.</param>
    /// <param name="format">Has objects formatted and recorded, though the script's pipeline goes on.</param>
    public JournalRun(string jobId, string script, HostChannel channel, RecordSink sink, Action<PSObject[]> format)
    {
        _jobId = jobId;
        _script = script;
        _channel = channel;
        _sink = sink;
        _format = format;
    }

    /// <summary>Whether the runbook is one that is taken up again, by its text, and so the same in each attempt.</summary>
    public bool IsDurable => Array.Exists(s_durableCalls, call => _script.Contains(call, StringComparison.OrdinalIgnoreCase));

    /// <summary>The same in each attempt of the job, and of no other step.</summary>
    public string IdempotencyKeyOf(string key) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{_jobId}\0{key}")));

    /// <summary>What a step gave, as the job shows it; null where it gave nothing.</summary>
    public StructuredValue? Shown(IReadOnlyList<PSObject> results) => results.Count switch
    {
        0 => null,
        1 => results[0] is null ? null : _values.Write(results[0]),
        _ => _values.Write(results),
    };

    /// <summary>A step is under way.</summary>
    public void BeginStep(JournalEntry entry) => _channel.WriteStepBegun(entry.Write);

    /// <summary>Ends the process: the job goes on in another one. No `finally` runs, for nothing is over.</summary>
    public void Suspend() => End("Suspended", null, null);

    /// <summary>Records what the formatter holds back.</summary>
    public void WriteHeld() => _format(_sink.TakeHeld());

    /// <summary>What the formatter holds back was said when the job was suspended here.</summary>
    public void PassOverHeld() => _sink.PassOverHeld();

    /// <summary>Ends the job.</summary>
    public void Fail(ReplayMismatchException failure, InvocationInfo place)
    {
        Journal.EndReplay();
        _channel.WriteRecord("Error", $"{ReplayMismatchException.Name}: {failure.Message}\n{place.PositionMessage}");
        End("Failed", failure, place);
    }

    private void End(string outcome, ReplayMismatchException? failure, InvocationInfo? place)
    {
        Journal.EndReplay();
        _sink.Close();
        _channel.WriteEnded(outcome, writer =>
        {
            if (failure is not null && place is not null)
            {
                writer.WriteStartObject("exception");
                writer.WriteString("name", ReplayMismatchException.Name);
                writer.WriteString("message", failure.Message);
                writer.WriteString("stack", place.PositionMessage);
                writer.WriteNumber("line", place.ScriptLineNumber);
                writer.WriteNumber("column", place.OffsetInLine);
                writer.WriteEndObject();
            }
        });
        HostProcess.End(0);
    }
}
