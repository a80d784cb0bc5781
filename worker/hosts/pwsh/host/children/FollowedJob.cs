#nullable enable
using System;
using System.Text.Json;

namespace Runsmith.PowerShellHost;

/// <summary>Following another job, a question at a time.</summary>
internal static class FollowedJob
{
    /// <summary>As `longestFollow` of src/contract/child-runbook.ts: where the script waits for as long as it takes.</summary>
    public const double LongestPatience = 25_000;

    /// <param name="after">The last record that is known, `0.0` for none; null where records are not asked for.</param>
    public static Action<Utf8JsonWriter> Request(string id, string? after, double patience) => writer =>
    {
        writer.WriteString("jobId", id);
        writer.WriteString("after", after);
        writer.WriteNumber("patience", Math.Ceiling(patience));
    };

    public static bool HasEnded(JsonElement job) => job.GetProperty("status").GetString() is "Completed" or "Failed" or "Stopped";
}
