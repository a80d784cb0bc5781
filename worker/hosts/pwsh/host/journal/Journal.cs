#nullable enable
using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;

namespace Runsmith.PowerShellHost;

/// <summary>
/// What earlier attempts of the job have done. Each entry answers the call of its key once; until they are used up, what the
/// script says was said before, and is dropped. As that of TypeScript runbooks (worker/hosts/node/api/journal.ts).
/// </summary>
internal static class Journal
{
    /// <summary>In their order.</summary>
    private static readonly List<JournalEntry> s_unused = new();

    /// <summary>Steps that failed and were caught, not sent yet: they are with the next entry, which shows that the script went on.</summary>
    private static readonly List<JournalEntry> s_caught = new();

    private static volatile bool s_isReplaying;
    private static TextWriter? s_console;

    /// <summary>Where the script is.</summary>
    public static StepBranch Branch { get; set; } = new(string.Empty, null);

    /// <summary>Null where scripts of this kind have no journal.</summary>
    public static JournalRun? Run { get; private set; }

    /// <summary>Whether what is said now was said by an earlier attempt.</summary>
    public static bool IsReplaying => s_isReplaying;

    /// <summary>The first thing that an earlier attempt has done and this one has not; null when there is none.</summary>
    public static JournalEntry? Next => s_unused.Count == 0 ? null : s_unused[0];

    /// <param name="run">Null where scripts of this kind have no journal.</param>
    public static void Begin(IReadOnlyList<JournalEntry> entries, JournalRun? run)
    {
        Run = run;
        Branch = new StepBranch(string.Empty, null);
        s_caught.Clear();
        s_unused.Clear();
        s_unused.AddRange(entries);
        SetReplaying();
    }

    /// <summary>The job is over: what is said now has not been said before.</summary>
    public static void EndReplay()
    {
        s_unused.Clear();
        SetReplaying();
    }

    /// <summary>The entry that answers this call; null where it is the first time.</summary>
    /// <exception cref="ReplayMismatchException">An earlier attempt did something else here.</exception>
    public static JournalEntry? Take(string key, string kind, string name)
    {
        var entry = Find(key);
        var next = s_unused.Find(other => other.Branch == Branch.Path);
        if (entry is null ? next is not null : entry.Kind != kind)
        {
            var other = entry ?? next!;
            var otherKind = other.Kind == kind ? string.Empty : $" ({other.Kind})";
            throw new ReplayMismatchException($"The runbook calls \"{name}\" where an earlier attempt called \"{other.Name}\"{otherKind}.");
        }

        if (entry is not null && next != entry)
        {
            throw new ReplayMismatchException($"The runbook calls \"{name}\" before \"{next!.Name}\", which an earlier attempt called first.");
        }

        if (entry is not null)
        {
            // What a step did inside itself is not asked for again.
            s_unused.RemoveAll(other => other == entry || other.Branch.StartsWith(key + "/", StringComparison.Ordinal));
            SetReplaying();
        }

        return entry;
    }

    /// <summary>What an earlier attempt did at this call, which is not taken by that; null where it did not come to it.</summary>
    public static JournalEntry? Find(string key) => s_unused.Find(entry => entry.Key == key);

    /// <summary>Returns when it is stored, and with it what failed before and was caught.</summary>
    public static void Keep(JournalEntry entry, CancellationToken stopping)
    {
        foreach (var caught in s_caught)
        {
            JournalChannel.Send(caught.Write);
        }

        s_caught.Clear();
        JournalChannel.WaitUntilStored(JournalChannel.Send(entry.Write), stopping);
    }

    /// <summary>A step failed. If the script goes on, a further attempt must see the same.</summary>
    public static void KeepCaught(JournalEntry entry) => s_caught.Add(entry);

    private static void SetReplaying()
    {
        bool replays = s_unused.Count > 0;
        if (replays == s_isReplaying)
        {
            return;
        }

        // What a script writes past PowerShell was said before, too.
        if (replays)
        {
            s_console = Console.Out;
            Console.SetOut(TextWriter.Null);
        }
        else
        {
            Console.SetOut(s_console!);
        }

        s_isReplaying = replays;
    }
}
