#nullable enable
using System.Collections.Generic;
using System.Text.Json;

namespace Runsmith.PowerShellHost;

/// <summary>What may end a wait, and who (`JournalWait` of src/contract/journal.ts).</summary>
internal sealed record JournalWait
{
    /// <summary>Milliseconds since the epoch; null where it waits for as long as it takes.</summary>
    public long? Until { get; init; }

    public string? Event { get; init; }

    /// <summary>For a person.</summary>
    public string? Message { get; init; }

    /// <summary>Names of users and groups who may approve; empty for whoever may operate the runbook.</summary>
    public IReadOnlyList<string> To { get; init; } = [];

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("wait");
        if (Until is { } until)
        {
            writer.WriteNumber("until", until);
        }

        if (Event is not null)
        {
            writer.WriteString("event", Event);
        }

        if (Message is not null)
        {
            writer.WriteString("message", Message);
        }

        if (To.Count > 0)
        {
            WriteNames("to", writer);
        }

        writer.WriteEndObject();
    }

    /// <summary>Writes <see cref="To"/>.</summary>
    public void WriteNames(string member, Utf8JsonWriter writer)
    {
        writer.WriteStartArray(member);
        foreach (var name in To)
        {
            writer.WriteStringValue(name);
        }

        writer.WriteEndArray();
    }
}
