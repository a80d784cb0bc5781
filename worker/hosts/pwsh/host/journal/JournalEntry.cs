#nullable enable
using System;
using System.Collections.Generic;
using System.Text.Json;

namespace Runsmith.PowerShellHost;

/// <summary>Something that an attempt of the job has done for good, or waits for (`JournalEntry` of src/contract/journal.ts).</summary>
internal sealed record JournalEntry
{
    public required string Key { get; init; }

    public required string Kind { get; init; }

    public required string Name { get; init; }

    /// <summary>The path of its branch; empty outside of steps.</summary>
    public required string Branch { get; init; }

    /// <summary>Milliseconds since the epoch.</summary>
    public long StartedAt { get; init; } = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    /// <summary>Null: it is waited for.</summary>
    public long? EndedAt { get; init; }

    /// <summary>What a step gave, as PowerShell serialises it; null where it gave nothing.</summary>
    public string? CliXml { get; init; }

    /// <summary>The same to be shown; only written.</summary>
    public StructuredValue? Result { get; init; }

    /// <summary>Why the step failed.</summary>
    public StepFailure? Failure { get; init; }

    public JournalWait? Wait { get; init; }

    /// <summary>What the wait came to (`JournalAnswer`); only read.</summary>
    public JsonElement? Answer { get; init; }

    public static IReadOnlyList<JournalEntry> ReadAll(JsonElement entries)
    {
        var read = new List<JournalEntry>();
        foreach (var entry in entries.EnumerateArray())
        {
            read.Add(Read(entry));
        }

        return read;
    }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("entry");
        writer.WriteString("key", Key);
        writer.WriteString("kind", Kind);
        writer.WriteString("name", Name);
        writer.WriteString("branch", Branch);
        writer.WriteNumber("startedAt", StartedAt);
        if (EndedAt is { } endedAt)
        {
            writer.WriteNumber("endedAt", endedAt);
        }
        else
        {
            writer.WriteNull("endedAt");
        }

        if (CliXml is not null)
        {
            writer.WriteString("cliXml", CliXml);
        }

        if (Result is { } result)
        {
            writer.WritePropertyName("result");
            writer.WriteRawValue(result.Json.Span, skipInputValidation: true);
        }

        Failure?.Write(writer);
        Wait?.Write(writer);
        writer.WriteEndObject();
    }

    private static JournalEntry Read(JsonElement entry) => new()
    {
        Key = entry.GetProperty("key").GetString()!,
        Kind = entry.GetProperty("kind").GetString()!,
        Name = entry.GetProperty("name").GetString()!,
        Branch = entry.GetProperty("branch").GetString()!,
        EndedAt = entry.GetProperty("endedAt") is { ValueKind: JsonValueKind.Number } endedAt ? (long)endedAt.GetDouble() : null,
        CliXml = entry.TryGetProperty("cliXml", out var cliXml) ? cliXml.GetString() : null,
        Failure = entry.TryGetProperty("error", out var error) ? StepFailure.Read(error) : null,
        Answer = entry.TryGetProperty("answer", out var answer) ? answer.Clone() : null,
    };
}
