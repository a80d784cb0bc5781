#nullable enable
using System;
using System.Management.Automation;
using System.Text.Json;

namespace Runsmith.PowerShellHost;

/// <summary>
/// A wait that holds no process: the job is suspended, and runs again from its start, on any worker, when what it waits for has come.
/// </summary>
public abstract class WaitCommand : JournalCommand
{
    private static readonly JsonElement s_nothing = JsonDocument.Parse("{}").RootElement;

    /// <summary>What the wait came to (`JournalAnswer`).</summary>
    /// <param name="label">Names the call, together with how often it was called.</param>
    /// <param name="isOver">It need not be waited for, unless an earlier attempt has.</param>
    private protected JsonElement Wait(string kind, string label, string name, JournalWait wait, bool isOver = false)
    {
        var branch = Journal.Branch;
        if (branch.Step is not null)
        {
            throw Thrown(
                new InvalidOperationException($"The step \"{branch.Step}\" waits: wait between steps, for a step is done as a whole or again."),
                "WaitInStep",
                ErrorCategory.InvalidOperation);
        }

        var key = branch.KeyOfCall(label);
        if (isOver && Journal.Find(key) is null)
        {
            return s_nothing;
        }

        if (Take(key, kind, name) is { } known)
        {
            Run.PassOverHeld();
            if (known.Failure is { } failure)
            {
                throw Thrown(failure.Revive());
            }

            if (known.EndedAt is not null)
            {
                return known.Answer ?? s_nothing;
            }
        }
        else
        {
            var entry = new JournalEntry { Key = key, Kind = kind, Name = name, Branch = branch.Path, Wait = wait };
            if (Refusal(wait) is { } refusal)
            {
                var refused = Thrown(new RuntimeException(refusal.Exception.Message, refusal.Exception, refusal));
                Journal.KeepCaught(entry with { EndedAt = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), Failure = StepFailure.Of(refused) });
                throw refused;
            }

            // Whoever is to answer sees what the script has said.
            Run.WriteHeld();
            Keep(entry);
        }

        Run.Suspend();
        return s_nothing;
    }

    /// <summary>Why nobody is asked; null where somebody is.</summary>
    private protected virtual ErrorRecord? Refusal(JournalWait wait) => null;

    private protected static bool IsTimedOut(JsonElement answer) =>
        answer.TryGetProperty("timedOut", out var timedOut) && timedOut.ValueKind == JsonValueKind.True;

    /// <param name="seconds">0 for as long as it takes.</param>
    private protected static long? UntilOf(double seconds) =>
        seconds == 0 ? null : DateTimeOffset.UtcNow.AddSeconds(seconds).ToUnixTimeMilliseconds();

    private protected static RuntimeException TimedOut(string message) =>
        Thrown(new TimeoutException(message), "WaitTimeout", ErrorCategory.OperationTimeout);
}
