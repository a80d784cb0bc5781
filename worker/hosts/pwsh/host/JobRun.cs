#nullable enable
using System.Management.Automation.Runspaces;
using System.Text.Json;

namespace Runsmith.PowerShellHost;

/// <summary>One run from its hand-over to its last message.</summary>
internal sealed class JobRun
{
    private readonly HostChannel _channel;
    private readonly RecordSink _sink;
    private readonly ScriptHost _host;
    private readonly ScriptFile _file;
    private readonly Runspace _runspace;
    private readonly ScriptRun _script;

    public JobRun(HostChannel channel, RecordSink sink, ScriptHost host, Runspace runspace, ScriptFile file)
    {
        _channel = channel;
        _sink = sink;
        _host = host;
        _file = file;
        _runspace = runspace;
        _script = new ScriptRun(runspace, host, sink);
    }

    /// <summary>Runs the script to its end, on the calling thread, and tells the worker how it ended.</summary>
    /// <param name="leftBehind">Where another job may follow: it does after a script that completes and leaves nothing.</param>
    public ScriptEnd Run(RunMessage message, LeftBehind? leftBehind = null)
    {
        ((ScriptUserInterface)_host.UI).Screen.Width = message.Width;
        _sink.Open(_channel, message.Verbose, message.Debug, message.Progress);
        var path = _file.Write(message.Name, message.Script);
        Journal.Begin(message.Journal, message.Kind == "PowerShell" ? new JournalRun(message.JobId, message.Script, _channel, _sink, _script.FormatBeside) : null);
        ChildRunbooks.Begin(_runspace, _file, message);
        var end = _script.Run(path, message, EndSuspended);
        ChildRunbooks.End(_runspace);
        _file.Remove(path);
        var left = leftBehind is null ? null : WhatIsLeft(end, leftBehind);
        IsKept = leftBehind is not null && left is null;
        WriteEnd(end, left);
        return end;
    }

    private string? WhatIsLeft(ScriptEnd end, LeftBehind leftBehind)
    {
        if (_script.WasWorkflow)
        {
            return "it ran a workflow";
        }

        if (end.Outcome != "Completed")
        {
            return $"the job is {end.Outcome}";
        }

        if (RequestChannel.HasSecret)
        {
            return "the script was given a secret";
        }

        if (RequestChannel.HasCalled)
        {
            return "the script called other runbooks";
        }

        return ScriptRunspace.HasOpenJobs(_runspace) ? "a job of PowerShell's is left" : leftBehind.Find();
    }

    /// <summary>Whether another job may follow, known when the script is over.</summary>
    public bool IsKept { get; private set; }

    /// <summary>Asks the script to end. May be called from any thread, and before the script has begun.</summary>
    public void Stop() => _script.Stop();

    /// <summary>A workflow is suspended where it is: nothing of it, such as a `finally` block, may run on, so the process ends.</summary>
    private void EndSuspended()
    {
        _sink.Close();
        _channel.WriteEnded("Suspended", _ => { });
        HostProcess.End(0);
    }

    /// <summary>How a job is told to have failed whose script chose an exit code.</summary>
    public static void WriteExitException(Utf8JsonWriter writer, int code)
    {
        writer.WriteStartObject("exception");
        writer.WriteString("name", "ExitCode");
        writer.WriteString("message", $"The script ended with exit code {code}.");
        writer.WriteEndObject();
    }

    private void WriteEnd(ScriptEnd end, string? left) => _channel.WriteEnded(end.Outcome, writer =>
    {
        if (end.Failure is { } failure)
        {
            writer.WritePropertyName("exception");
            JobExceptionReport.Write(writer, failure, _file.Folder);
        }
        else if (end.ExitCode is { } code and not 0)
        {
            WriteExitException(writer, code);
        }

        if (end.ExitCode is { } exitCode)
        {
            writer.WriteNumber("exitCode", exitCode);
        }

        if (IsKept)
        {
            writer.WriteBoolean("kept", true);
        }
        else if (left is not null)
        {
            writer.WriteString("notKept", left);
        }
    });
}
