#nullable enable
using System;

namespace Runsmith.PowerShellHost;

/// <summary>A runbook did something else than in an attempt before.</summary>
internal sealed class ReplayMismatchException : Exception
{
    /// <summary>As jobs show it, in both languages.</summary>
    public const string Name = "ReplayMismatch";

    private const string Rule = "A runbook that goes on runs again from its start, and must call the same steps in the same order, by the same names. "
        + "Let nothing that changes between two attempts (time, chance, what is read from outside) decide about steps, unless it is the result of a step itself. "
        + "To begin anew, start a new job.";

    public ReplayMismatchException(string message)
        : base($"{message} {Rule}")
    {
    }

    /// <summary>The script is over, and this is what it did not do.</summary>
    public static ReplayMismatchException Missing(JournalEntry entry) =>
        new($"The runbook ended without the {(entry.Kind == "step" ? "step" : "wait")} \"{entry.Name}\", which an earlier attempt has done.");
}
