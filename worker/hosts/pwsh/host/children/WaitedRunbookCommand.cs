#nullable enable
using System;
using System.Collections;
using System.Management.Automation;
using System.Text.Json;

namespace Runsmith.PowerShellHost;

/// <summary>
/// A command that runs another runbook as a job of its own and waits for it: what it puts out comes out here, what it writes to other
/// streams is written here, and how it fails is an error here.
/// </summary>
public abstract class WaitedRunbookCommand : RunbookCommand
{
    private string _text = string.Empty;

    /// <summary>Known only with what comes after it: the last error of a job that fails is its failure, the last output a result.</summary>
    private JsonElement? _lastError;
    private JsonElement? _lastOutput;

    /// <summary>Starts the runbook as a job of its own; null when an error was written in its place.</summary>
    private protected string? Start(string runbook, IDictionary? parameters, bool stopsWithParent, string? runOn) =>
        Ask("start", runbook, Request(runbook, parameters, isInline: false, stopsWithParent, runOn))?.GetProperty("jobId").GetString();

    /// <summary>Starts the runbook in place of a call within the script; an error ends the command.</summary>
    private protected string? StartInPlace(string runbook, IDictionary? parameters) =>
        AskOrThrow("start", runbook, Request(runbook, parameters, isInline: true, stopsWithParent: true, runOn: null)).GetProperty("jobId").GetString();

    private Action<Utf8JsonWriter> Request(string runbook, IDictionary? parameters, bool isInline, bool stopsWithParent, string? runOn)
    {
        var given = ParametersJson(parameters);
        var call = CallNumbers.Next(runbook, given);
        return writer =>
        {
            writer.WriteString("call", call);
            writer.WriteString("runbook", runbook);
            writer.WritePropertyName("parameters");
            writer.WriteRawValue(given);
            writer.WriteBoolean("isInline", isInline);
            writer.WriteBoolean("stopsWithParent", stopsWithParent);
            if (runOn is not null)
            {
                writer.WriteString("runOn", runOn);
            }
        };
    }

    /// <summary>Waits for a job, and writes what it writes.</summary>
    private protected void Follow(string id)
    {
        var after = "0.0";
        while (true)
        {
            var answer = AskOrThrow("follow-job", id, FollowedJob.Request(id, after, FollowedJob.LongestPatience));
            foreach (var record in answer.GetProperty("records").EnumerateArray())
            {
                Take(record);
            }

            after = answer.GetProperty("next").GetString() ?? after;
            var job = answer.GetProperty("job");
            if (FollowedJob.HasEnded(job) && !answer.GetProperty("more").GetBoolean())
            {
                End(job);
                return;
            }
        }
    }

    private void Take(JsonElement record)
    {
        var text = record.GetProperty("text").GetString() ?? string.Empty;
        switch (record.GetProperty("stream").GetString())
        {
            case "Output":
                WriteLastOutput();
                _lastOutput = record.Clone();
                break;
            case "Error":
                WriteLastError();
                _lastError = record.Clone();
                break;
            case "Warning":
                WriteWarning(text);
                break;
            case "Verbose":
                WriteVerbose(text);
                break;
            case "Debug":
                WriteDebug(text);
                break;
            case "Information":
                WriteInformation(new InformationRecord(text, MyInvocation.MyCommand.Name));
                break;
        }
    }

    private void End(JsonElement job)
    {
        var isScript = job.GetProperty("runbookKind").GetString() != "TypeScript";
        var result = job.GetProperty("result");
        if (job.GetProperty("status").GetString() == "Completed")
        {
            WriteLastError();
            if (isScript || result.ValueKind == JsonValueKind.Null)
            {
                WriteLastOutput();
            }
            else
            {
                // Its last output is its result, which comes back whole.
                WriteObject(ParameterValue.Read(result, string.Empty), enumerateCollection: true);
            }

            return;
        }

        WriteLastOutput();
        var name = job.GetProperty("runbookName").GetString();
        var exception = job.GetProperty("exception");
        var how = exception.ValueKind == JsonValueKind.Object
            ? $"failed: {exception.GetProperty("message").GetString()}"
            : $"was {job.GetProperty("status").GetString()}";
        var stack = exception.ValueKind == JsonValueKind.Object && exception.TryGetProperty("stack", out var own) ? own.GetString() : null;
        var failure = new RunbookException($"The runbook {name} {how}.", stack is null ? null : new InvalidOperationException(stack));
        ThrowTerminatingError(new ErrorRecord(failure, "RunbookFailed", ErrorCategory.OperationStopped, name));
    }

    /// <summary>Objects of a script come out; what a program logs does not, it is written as it was there.</summary>
    private void WriteLastOutput()
    {
        if (_lastOutput is not { } record)
        {
            return;
        }

        _lastOutput = null;
        _text += record.GetProperty("text").GetString();
        if (record.TryGetProperty("continued", out var continued) && continued.ValueKind == JsonValueKind.True)
        {
            return;
        }

        if (IsLogged)
        {
            Host.UI.WriteLine(_text);
        }
        else
        {
            WriteObject(record.TryGetProperty("value", out var value) ? ParameterValue.Read(value, string.Empty) : _text);
        }

        _text = string.Empty;
    }

    private void WriteLastError()
    {
        if (_lastError is { } record)
        {
            var error = new RunbookException(record.GetProperty("text").GetString() ?? string.Empty);
            WriteError(new ErrorRecord(error, "RunbookError", ErrorCategory.NotSpecified, targetObject: null));
        }

        _lastError = null;
    }

    /// <summary>Whether what the runbook puts out on its way is for the reader of the job, and not for the caller.</summary>
    private protected virtual bool IsLogged => false;
}
