#nullable enable
using System.Collections.Generic;
using System.Text.Json;

namespace Runsmith.PowerShellHost;

/// <summary>A version of another runbook (`ChildRunbook` of src/contract/child-runbook.ts).</summary>
internal sealed record ChildRunbook(string Name, string Kind, string? Script, IReadOnlyList<ChildParameter> Parameters)
{
    /// <summary>Whether its text runs within a script, and not as a job of its own.</summary>
    public bool IsScript => Kind == "PowerShell";

    /// <summary>Whether its text runs within a workflow.</summary>
    public bool IsWorkflow => Kind == "PowerShellWorkflow";

    public static IReadOnlyList<ChildRunbook> ReadAll(JsonElement children)
    {
        var all = new List<ChildRunbook>();
        foreach (var child in children.EnumerateArray())
        {
            all.Add(Read(child));
        }

        return all;
    }

    public static ChildRunbook Read(JsonElement child)
    {
        var signature = child.GetProperty("signature");
        var required = new HashSet<string>();
        foreach (var name in signature.GetProperty("required").EnumerateArray())
        {
            required.Add(name.GetString()!);
        }

        var parameters = new List<ChildParameter>();
        foreach (var parameter in signature.GetProperty("properties").EnumerateObject())
        {
            parameters.Add(new ChildParameter(parameter.Name, required.Contains(parameter.Name)));
        }

        return new ChildRunbook(
            child.GetProperty("name").GetString()!,
            child.GetProperty("kind").GetString()!,
            child.GetProperty("script").GetString(),
            parameters);
    }
}

/// <summary>A parameter of another runbook, as far as a caller must know it.</summary>
internal sealed record ChildParameter(string Name, bool IsRequired);
