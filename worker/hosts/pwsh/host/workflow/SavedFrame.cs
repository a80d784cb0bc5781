#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json.Nodes;

namespace Runsmith.PowerShellHost;

/// <summary>A frame as a checkpoint has it.</summary>
internal sealed class SavedFrame
{
    private List<(int Statement, KeptItems Items)> _loops = new();
    private List<(int Statement, List<object?> Output)> _outputs = new();
    private List<(int Statement, KeptFailure Failure)> _failures = new();

    public required string Function { get; init; }

    public required int Position { get; init; }

    public required bool IsDone { get; init; }

    public bool SavesEach { get; init; }

    public required Dictionary<string, object?> Variables { get; init; }

    /// <summary>What was called at the position.</summary>
    public SavedFrame? Child { get; init; }

    /// <summary>The branches at the position.</summary>
    public SavedBranches? Branches { get; init; }

    /// <summary>A frame as it is now.</summary>
    public static SavedFrame Of(WorkflowFrame frame, SavedFrame? child)
    {
        var variables = ScopeVariables.Of(frame);
        if (frame.Branches is not null)
        {
            foreach (var (name, value) in frame.Shared.Changes())
            {
                variables[name] = value;
            }
        }

        bool IsWithin(int statement, int last) => statement <= frame.Position && frame.Position <= last;
        return new SavedFrame
        {
            Function = frame.Function.Key,
            Position = frame.Position,
            IsDone = frame.IsDone,
            SavesEach = frame.SavesEach,
            Variables = variables,
            Child = child,
            Branches = frame.Branches is { } branches ? SavedBranches.Of(branches) : null,
            _loops = frame.Loops.Where(each => IsWithin(each.Key, each.Value.Last)).Select(each => (each.Key, each.Value)).ToList(),
            _outputs = frame.Outputs.Select(each => (each.Key, each.Value)).ToList(),
            _failures = frame.Failures.Where(each => IsWithin(each.Key, each.Value.Last)).Select(each => (each.Key, each.Value)).ToList(),
        };
    }

    public JsonObject Write(StateWriter values)
    {
        var saved = new JsonObject
        {
            ["function"] = Function,
            ["position"] = Position,
            ["done"] = IsDone,
            ["savesEach"] = SavesEach,
            ["variables"] = new JsonArray(Variables.Select(each => (JsonNode)new JsonArray(each.Key, values.Write(each.Value))).ToArray()),
            ["loops"] = new JsonArray(_loops
                .Select(each => (JsonNode)new JsonArray(each.Statement, each.Items.Last, each.Items.Index, Items(each.Items.Items, values)))
                .ToArray()),
            ["outputs"] = new JsonArray(_outputs.Select(each => (JsonNode)new JsonArray(each.Statement, Items(each.Output, values))).ToArray()),
            ["failures"] = new JsonArray(_failures
                .Select(each => (JsonNode)new JsonArray(each.Statement, each.Failure.Last, values.Write(each.Failure.Failure)))
                .ToArray()),
        };
        if (Child is not null)
        {
            saved["child"] = Child.Write(values);
        }

        if (Branches is not null)
        {
            saved["branches"] = Branches.Write(values);
        }

        return saved;
    }

    public static SavedFrame Read(JsonObject saved, StateReader values)
    {
        // In the order in which it was written, because later values refer to earlier ones.
        var variables = new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase);
        foreach (var each in saved["variables"]!.AsArray())
        {
            variables[each![0]!.GetValue<string>()] = values.Read(each[1]);
        }

        var loops = new List<(int, KeptItems)>();
        foreach (var each in saved["loops"]!.AsArray())
        {
            loops.Add((each![0]!.GetValue<int>(), new KeptItems(each[1]!.GetValue<int>(), Items(each[3]!, values), each[2]!.GetValue<int>())));
        }

        var outputs = new List<(int, List<object?>)>();
        foreach (var each in saved["outputs"]!.AsArray())
        {
            outputs.Add((each![0]!.GetValue<int>(), Items(each[1]!, values)));
        }

        var failures = new List<(int, KeptFailure)>();
        foreach (var each in saved["failures"]!.AsArray())
        {
            failures.Add((each![0]!.GetValue<int>(), new KeptFailure(each[1]!.GetValue<int>(), values.Read(each[2]))));
        }

        return new SavedFrame
        {
            Function = saved["function"]!.GetValue<string>(),
            Position = saved["position"]!.GetValue<int>(),
            IsDone = saved["done"]!.GetValue<bool>(),
            SavesEach = saved["savesEach"]!.GetValue<bool>(),
            Variables = variables,
            Branches = saved["branches"] is JsonObject branches ? SavedBranches.Read(branches, values) : null,
            Child = saved["child"] is JsonObject child ? Read(child, values) : null,
            _loops = loops,
            _outputs = outputs,
            _failures = failures,
        };
    }

    public void Restore(Dictionary<int, KeptItems> loops, Dictionary<int, List<object?>> outputs, Dictionary<int, KeptFailure> failures)
    {
        foreach (var (statement, items) in _loops)
        {
            loops[statement] = items;
        }

        foreach (var (statement, output) in _outputs)
        {
            outputs[statement] = output;
        }

        foreach (var (statement, failure) in _failures)
        {
            failures[statement] = failure;
        }
    }

    private static JsonArray Items(IEnumerable<object?> items, StateWriter values) => new(items.Select(values.Write).ToArray());

    private static List<object?> Items(JsonNode items, StateReader values) => items.AsArray().Select(values.Read).ToList();
}

/// <summary>The branches of a statement as a checkpoint has them.</summary>
internal sealed class SavedBranches
{
    /// <summary>The items of a loop; null for a block.</summary>
    public required List<object?>? Items { get; init; }

    public required IReadOnlyList<SavedBranch> Branches { get; init; }

    public static SavedBranches Of(ParallelRun run) => new()
    {
        Items = run.Items,
        Branches = run.Branches.Select(branch => branch.Save()).ToArray(),
    };

    public JsonObject Write(StateWriter values)
    {
        var saved = new JsonObject();
        if (Items is { } items)
        {
            saved["items"] = new JsonArray(items.Select(values.Write).ToArray());
        }

        saved["branches"] = new JsonArray(Branches.Select(branch => (JsonNode)branch.Write(values)).ToArray());
        return saved;
    }

    public static SavedBranches Read(JsonObject saved, StateReader values) => new()
    {
        Items = saved["items"] is JsonArray items ? items.Select(values.Read).ToList() : null,
        Branches = saved["branches"]!.AsArray().Select(each => SavedBranch.Read(each!.AsObject(), values)).ToArray(),
    };
}

/// <summary>A branch as a checkpoint has it.</summary>
/// <param name="Frame">Null where it has not begun.</param>
internal sealed record SavedBranch(bool IsDone, SavedFrame? Frame)
{
    public JsonObject Write(StateWriter values)
    {
        var saved = new JsonObject { ["done"] = IsDone };
        if (Frame is not null)
        {
            saved["frame"] = Frame.Write(values);
        }

        return saved;
    }

    public static SavedBranch Read(JsonObject saved, StateReader values) => new(
        saved["done"]!.GetValue<bool>(),
        saved["frame"] is JsonObject frame ? SavedFrame.Read(frame, values) : null);
}
