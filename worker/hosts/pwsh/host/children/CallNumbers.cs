#nullable enable
using System;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Runsmith.PowerShellHost;

/// <summary>
/// Numbers the calls that start jobs, by the runbook's name, so that a further attempt of a job that comes to the same call finds the job
/// that it has started before. A workflow's branches come to their calls in any order, so there the parameters count, too; and what was
/// counted is saved in its checkpoints.
/// </summary>
internal static class CallNumbers
{
    private static readonly Dictionary<string, int> s_counts = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Names the next call that starts a runbook.</summary>
    /// <param name="parameters">As JSON.</param>
    public static string Next(string runbook, string parameters)
    {
        var label = runbook.ToLowerInvariant();
        if (WorkflowRun.Exists)
        {
            label += ":" + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(parameters)));
        }

        lock (s_counts)
        {
            s_counts.TryGetValue(label, out var count);
            s_counts[label] = count + 1;
            return $"start:{label}#{count + 1}";
        }
    }

    /// <summary>What was counted until now.</summary>
    public static JsonObject Save()
    {
        var saved = new JsonObject();
        lock (s_counts)
        {
            foreach (var (label, count) in s_counts)
            {
                saved[label] = count;
            }
        }

        return saved;
    }

    /// <summary>Goes on from what was counted.</summary>
    public static void Restore(JsonObject? saved)
    {
        foreach (var (label, count) in saved ?? new JsonObject())
        {
            s_counts[label] = count!.GetValue<int>();
        }
    }
}
