#nullable enable
using System;
using System.Management.Automation;
using System.Text.Json;

namespace Runsmith.PowerShellHost;

/// <summary>
/// Suspends the job until somebody has approved or rejected what the message says, and gives who decided, how and why.
/// </summary>
[Cmdlet(VerbsLifecycle.Request, "RunbookApproval")]
[OutputType(typeof(PSObject))]
public sealed class RequestRunbookApprovalCommand : WaitCommand
{
    /// <summary>What is to be approved.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Message { get; set; } = string.Empty;

    /// <summary>Names of users and groups who may answer; whoever may operate the runbook when left out.</summary>
    [Parameter]
    public string[]? To { get; set; } = [];

    /// <summary>After which it is not waited for any longer, and an error is thrown; 0 for as long as it takes.</summary>
    [Parameter]
    [ValidateRange(0.0, 3_153_600_000.0)]
    public double TimeoutSeconds { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var answer = Wait("approval", "approval", Message, new JournalWait { Message = Message, To = To ?? [], Until = UntilOf(TimeoutSeconds) });
        if (IsTimedOut(answer))
        {
            throw TimedOut($"Nobody answered in time: {Message}");
        }

        var given = new PSObject();
        given.Properties.Add(new PSNoteProperty("Approved", answer.TryGetProperty("approved", out var approved) && approved.GetBoolean()));
        given.Properties.Add(new PSNoteProperty("By", TextOf(answer, "by")));
        given.Properties.Add(new PSNoteProperty("Reason", TextOf(answer, "reason")));
        given.Properties.Add(new PSNoteProperty("At", answer.TryGetProperty("at", out var at) ? DateTimeOffset.FromUnixTimeMilliseconds((long)at.GetDouble()).UtcDateTime : null));
        WriteObject(given);
    }

    /// <inheritdoc/>
    private protected override ErrorRecord? Refusal(JournalWait wait)
    {
        if (wait.To.Count == 0)
        {
            return null;
        }

        try
        {
            var answer = RequestChannel.AskRunbook(
                writer =>
                {
                    writer.WriteString("action", "find-approvers");
                    wait.WriteNames("names", writer);
                },
                Stopping);
            // Where there is no service to ask, as for a script that is tried by `runsmith run`, nobody waits for an answer either.
            return answer.TryGetProperty("error", out var error) && error.GetProperty("code").GetString() != "runbooks-unavailable"
                ? RunbookCommand.RecordOf(error, wait.To)
                : null;
        }
        catch (OperationCanceledException)
        {
            throw new PipelineStoppedException();
        }
    }

    private static string TextOf(JsonElement answer, string name) =>
        answer.TryGetProperty(name, out var text) ? text.GetString() ?? string.Empty : string.Empty;
}
