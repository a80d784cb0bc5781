#nullable enable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Text.Json;
using System.Threading;

namespace Runsmith.PowerShellHost;

/// <summary>
/// A command that has to do with other runbooks and jobs, through the worker, with the rights of the principal that the job acts as. Takes
/// the parameters by which SMA's commands find their service and sign in, which is not needed here.
/// </summary>
public abstract class RunbookCommand : PSCmdlet, IDisposable
{
    private static readonly ScriptBlock s_toJson = ScriptBlock.Create(
        "param($value) Microsoft.PowerShell.Utility\\ConvertTo-Json -InputObject $value -Depth 60 -Compress");

    private readonly CancellationTokenSource _stopping = new();

    /// <summary>The service, as SMA's commands name it: this one.</summary>
    [Parameter]
    public string? WebServiceEndpoint { get; set; }

    /// <summary>Not needed.</summary>
    [Parameter]
    public int Port { get; set; } = 9090;

    /// <summary>Not needed.</summary>
    [Parameter]
    [ValidateSet("Basic", "Windows")]
    public string? AuthenticationType { get; set; }

    /// <summary>Not needed: the job's own principal acts.</summary>
    [Parameter]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <inheritdoc/>
    protected override void StopProcessing() => _stopping.Cancel();

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    /// <summary>What was asked for; null when an error was written in its place, as in SMA one that does not end the script.</summary>
    private protected JsonElement? Ask(string action, object? target, Action<Utf8JsonWriter>? request = null)
    {
        var answer = AskAny(action, request);
        if (!answer.TryGetProperty("error", out var error))
        {
            return answer;
        }

        WriteError(RecordOf(error, target));
        return null;
    }

    /// <summary>The same; an error ends the command.</summary>
    private protected JsonElement AskOrThrow(string action, object? target, Action<Utf8JsonWriter>? request = null)
    {
        var answer = AskAny(action, request);
        if (answer.TryGetProperty("error", out var error))
        {
            ThrowTerminatingError(RecordOf(error, target));
        }

        return answer;
    }

    /// <summary>The value as JSON; switches are booleans.</summary>
    private protected string JsonOf(object? value)
    {
        var bare = value is PSObject wrapper ? wrapper.BaseObject : value;
        return bare switch
        {
            null => "null",
            SwitchParameter given => given.IsPresent ? "true" : "false",
            Guid or Uri or TimeSpan or Version or char => JsonSerializer.Serialize(LanguagePrimitives.ConvertTo<string>(bare)),
            _ => LanguagePrimitives.ConvertTo<string>(InvokeCommand.InvokeScript(false, s_toJson, null, value)[0]),
        };
    }

    /// <summary>Parameters as JSON, in the order of their names.</summary>
    private protected string ParametersJson(IDictionary? parameters)
    {
        var members = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry parameter in parameters ?? new Hashtable())
        {
            members[LanguagePrimitives.ConvertTo<string>(parameter.Key)] = JsonOf(parameter.Value);
        }

        return "{" + string.Join(",", members.Select(member => JsonSerializer.Serialize(member.Key) + ":" + member.Value)) + "}";
    }

    /// <summary>
    /// A durable script that is to be suspended goes on to wait for another job in its next attempt, unless it does so in a step, which is done
    /// as a whole.
    /// </summary>
    private static bool MaySuspend(string action) =>
        action == "follow-job" && Journal.Run is { IsDurable: true } && Journal.Branch.Step is null;

    private JsonElement AskAny(string action, Action<Utf8JsonWriter>? request)
    {
        var asked = MaySuspend(action) ? JournalChannel.AskedToSuspend : CancellationToken.None;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token, asked);
        try
        {
            return RequestChannel.AskRunbook(
                writer =>
                {
                    writer.WriteString("action", action);
                    if (WebServiceEndpoint is { } endpoint)
                    {
                        writer.WriteString("endpoint", endpoint);
                    }

                    request?.Invoke(writer);
                },
                over.Token);
        }
        catch (OperationCanceledException)
        {
            if (!_stopping.IsCancellationRequested)
            {
                Journal.Run!.Suspend();
            }

            throw new PipelineStoppedException();
        }
    }

    /// <summary>What an answer says that is an error.</summary>
    internal static ErrorRecord RecordOf(JsonElement error, object? target)
    {
        var code = error.GetProperty("code").GetString() ?? string.Empty;
        var category = code.EndsWith("-not-found", StringComparison.Ordinal) ? ErrorCategory.ObjectNotFound
            : code == "not-permitted" ? ErrorCategory.PermissionDenied
            : code.StartsWith("invalid-", StringComparison.Ordinal) ? ErrorCategory.InvalidArgument
            : ErrorCategory.InvalidOperation;
        var exception = new RunbookException(error.GetProperty("message").GetString() ?? code);
        return new ErrorRecord(exception, code, category, target);
    }
}
