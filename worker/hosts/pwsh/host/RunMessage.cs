#nullable enable
using System;
using System.Collections.Generic;
using System.Text.Json;

namespace Runsmith.PowerShellHost;

/// <summary>The hand-over (`RunMessage` in src/contract/host/host-messages.ts).</summary>
internal sealed record RunMessage
{
    public required string JobId { get; init; }

    public required string Name { get; init; }

    /// <summary>Such as `PowerShell`.</summary>
    public required string Kind { get; init; }

    public required string Script { get; init; }

    /// <summary>Each parameter as PowerShell is to bind it.</summary>
    public required IReadOnlyDictionary<string, object?> Parameters { get; init; }

    public required bool Verbose { get; init; }

    public required bool Debug { get; init; }

    public required bool Progress { get; init; }

    /// <summary>Columns of the formatter.</summary>
    public required int Width { get; init; }

    /// <summary>The runbooks that the script names.</summary>
    public required IReadOnlyList<ChildRunbook> Children { get; init; }

    /// <summary>The host's private folders, where another job may follow in it; else null.</summary>
    public IReadOnlyList<string>? KeptFolders { get; init; }

    /// <summary>What earlier attempts have done, in their order.</summary>
    public IReadOnlyList<JournalEntry> Journal { get; init; } = [];

    /// <summary>What a workflow goes on from; null where it begins.</summary>
    public string? Checkpoint { get; init; }

    private static IReadOnlyList<string> ReadFolders(JsonElement keep)
    {
        var folders = new List<string>();
        foreach (var folder in keep.GetProperty("folders").EnumerateArray())
        {
            folders.Add(folder.GetString()!);
        }

        return folders;
    }

    public static RunMessage Read(JsonElement message)
    {
        var types = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        if (message.TryGetProperty("parameterSchemas", out var schemas))
        {
            foreach (var schema in schemas.EnumerateObject())
            {
                if (schema.Value.ValueKind == JsonValueKind.Object
                    && schema.Value.TryGetProperty("x-type", out var type)
                    && type.ValueKind == JsonValueKind.String)
                {
                    types[schema.Name] = type.GetString()!;
                }
            }
        }

        var parameters = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase);
        foreach (var parameter in message.GetProperty("parameters").EnumerateObject())
        {
            types.TryGetValue(parameter.Name, out var type);
            parameters[parameter.Name] = ParameterValue.Read(parameter.Value, type ?? string.Empty);
        }

        var logs = message.GetProperty("logs");
        return new RunMessage
        {
            JobId = message.GetProperty("jobId").GetString()!,
            Name = message.GetProperty("runbook").GetProperty("name").GetString()!,
            Kind = message.GetProperty("runbook").GetProperty("kind").GetString()!,
            Script = message.GetProperty("script").GetString()!,
            Parameters = parameters,
            Verbose = logs.GetProperty("verbose").GetBoolean(),
            Debug = logs.GetProperty("debug").GetBoolean(),
            Progress = logs.GetProperty("progress").GetBoolean(),
            Checkpoint = message.TryGetProperty("checkpoint", out var checkpoint) ? checkpoint.GetString() : null,
            Children = message.TryGetProperty("children", out var children) ? ChildRunbook.ReadAll(children) : Array.Empty<ChildRunbook>(),
            KeptFolders = message.TryGetProperty("keep", out var keep) ? ReadFolders(keep) : null,
            Journal = message.TryGetProperty("journal", out var journal) ? JournalEntry.ReadAll(journal) : [],
            Width = message.TryGetProperty("width", out var width) ? width.GetInt32() : 120,
        };
    }
}
