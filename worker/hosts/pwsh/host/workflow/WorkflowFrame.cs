#nullable enable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Management.Automation;
using System.Management.Automation.Internal;

namespace Runsmith.PowerShellHost;

/// <summary>
/// One run of a workflow, or of a branch of it: where it is, and what it needs to go on from there. Its public members are
/// called by what <see cref="ResumableForm"/> makes of the workflow; the form's numbers are the arguments.
/// </summary>
public sealed class WorkflowFrame
{
    private readonly WorkflowRun _run;
    private readonly WorkflowBranch _branch;
    private readonly Dictionary<int, KeptItems> _loops = new();
    private readonly Dictionary<int, List<object?>> _outputs = new();
    private readonly Dictionary<int, KeptFailure> _failures = new();
    private SavedFrame? _saved;
    private readonly bool _savesEach;
    private Exception? _refusal;
    private ParallelRun? _branches;

    internal WorkflowFrame(
        WorkflowRun run,
        WorkflowBranch branch,
        WorkflowFunction function,
        WorkflowFrame? parent,
        EngineIntrinsics context,
        SavedFrame? saved,
        SharedVariables? shared)
    {
        OwnsShared = shared is null;
        Shared = shared ?? new SharedVariables();
        _run = run;
        _branch = branch;
        Function = function;
        Parent = parent;
        Context = context;
        _saved = saved;
        _savesEach = branch.TakeSavesWithin();
        if (saved is not null)
        {
            saved.Restore(_loops, _outputs, _failures);
            _savesEach |= saved.SavesEach;
        }
    }

    /// <summary>It is not on its way to the statement at which a checkpoint was saved.</summary>
    public bool Live => _saved is null;

    /// <summary>Variables that all branches have in common.</summary>
    public SharedVariables Shared { get; }

    /// <summary>It is a workflow's, not a branch's.</summary>
    internal bool OwnsShared { get; }

    internal WorkflowFunction Function { get; }

    /// <summary>The frame that called this one, in the same branch.</summary>
    internal WorkflowFrame? Parent { get; }

    internal EngineIntrinsics Context { get; }

    /// <summary>The statement that it is at.</summary>
    internal int Position { get; private set; }

    /// <summary>That statement is done.</summary>
    internal bool IsDone { get; private set; }

    internal bool SavesEach => _savesEach;

    /// <summary>The branches of the statement that it is at. While there are some, the frame is the one at work.</summary>
    internal ParallelRun? Branches
    {
        get => _branches;
        set
        {
            _branches = value;
            _branch.Acting = this;
        }
    }

    internal IEnumerable<KeyValuePair<int, KeptItems>> Loops => _loops;

    internal IEnumerable<KeyValuePair<int, List<object?>>> Outputs => _outputs;

    internal IEnumerable<KeyValuePair<int, KeptFailure>> Failures => _failures;

    /// <summary>Whether a statement is to be done now.</summary>
    public bool Due(int statement)
    {
        if (_saved is null)
        {
            GoTo(statement);
            return true;
        }

        if (_saved.Position != statement)
        {
            return false;
        }

        bool isDone = _saved.IsDone;
        BeLive(statement, isDone);
        return !isDone;
    }

    /// <summary>Whether a statement with others in it is to be gone into.</summary>
    public bool Enters(int statement, int last)
    {
        if (_saved is null)
        {
            GoTo(statement);
            return true;
        }

        if (_saved.Position != statement)
        {
            return statement < _saved.Position && _saved.Position <= last;
        }

        if (_saved.IsDone)
        {
            BeLive(statement, isDone: true);
            return false;
        }

        if (_saved.Child is null)
        {
            _branch.PendingBlock = _saved.Branches;
            BeLive(statement, isDone: false);
        }

        return true;
    }

    /// <summary>Whether the branches of the statement at hand begin; else they go on.</summary>
    public bool BeginsBranches() => _branch.PendingBlock is null;

    /// <summary>Whether the statement to go on with is one of these.</summary>
    public bool Inside(int first, int last) => _saved is { } saved && first <= saved.Position && saved.Position <= last;

    /// <summary>Whether a call was under way when the checkpoint was saved.</summary>
    public bool Reenters(int statement)
    {
        if (_saved is not { Child: { } child } || _saved.Position != statement)
        {
            return false;
        }

        _branch.Pending = child;
        BeLive(statement, isDone: false);
        return true;
    }

    /// <summary>What runs the called function from its checkpoint on.</summary>
    public ScriptBlock Resumed() => _run.ResumedForm(_branch.Pending!.Function);

    /// <summary>Whether a variable was saved.</summary>
    public bool HasSaved(string name) => _saved!.Variables.ContainsKey(name);

    /// <summary>The value of a variable as it was saved.</summary>
    public object? Saved(string name) => _saved!.Variables[name];

    /// <summary>Saves a checkpoint behind a statement. True where <see cref="Refusal"/> says why none can be.</summary>
    public bool Checkpoint(int statement) => Save(statement, suspends: false);

    /// <summary>Saves a checkpoint behind a statement, and suspends the job. True where <see cref="Refusal"/> says why it cannot.</summary>
    public bool Suspend(int statement) => Save(statement, suspends: true);

    /// <summary>Saves a checkpoint behind a statement where it was asked for. True where <see cref="Refusal"/> says why none can be.</summary>
    public bool SaveIf(int statement, object? asked) =>
        (_savesEach || LanguagePrimitives.IsTrue(asked)) && Save(statement, suspends: false);

    /// <summary>Whether a workflow is called on another computer, which <see cref="Refusal"/> says why it cannot be.</summary>
    public bool IsElsewhere(string name, object? computers)
    {
        try
        {
            RemoteComputers.Refuse(name, new ActivityOptions(new Hashtable { ["PSComputerName"] = computers }));
            return false;
        }
        catch (RuntimeException failure)
        {
            _refusal = failure;
            return true;
        }
    }

    /// <summary>Why something was not done: to be thrown, for a workflow that goes on without it would not keep its promise.</summary>
    public Exception? Refusal() => _refusal;

    /// <summary>The workflow that is called next saves a checkpoint after each of its statements. Never true.</summary>
    public bool SaveWithinNext(object? asked)
    {
        _branch.SavesWithinNext = LanguagePrimitives.IsTrue(asked);
        return false;
    }

    /// <summary>A loop begins.</summary>
    public void Begin(int statement, int last, object? items) => _loops[statement] = new KeptItems(last, items);

    /// <summary>The rest of a loop's items; the one at hand again where it goes on.</summary>
    public IEnumerable Items(int statement, string variable)
    {
        var items = _loops[statement];
        if (_saved is not null && variable.Length > 0)
        {
            items.Current = _saved.Variables.TryGetValue(variable, out var value) ? value : null;
        }

        return items;
    }

    /// <summary>As <see cref="Inside"/>, for a clause of a `switch`.</summary>
    public bool InsideClause(int statement, int clause, int first, int last)
    {
        bool inside = Inside(first, last);
        if (inside)
        {
            _loops[statement].Clause = clause;
        }

        return inside;
    }

    /// <summary>Whether a clause of a `switch` has not been gone into again for the item at hand.</summary>
    public bool IsFresh(int statement, int clause) => Live && _loops[statement].Clause != clause;

    /// <summary>An error was caught. Never true.</summary>
    public bool Caught(int statement, int last, object? failure)
    {
        _failures[statement] = new KeptFailure(last, failure);
        return false;
    }

    /// <summary>Nothing ended or left a statement so far. Never true.</summary>
    public bool Forget(int statement)
    {
        _failures.Remove(statement);
        return false;
    }

    /// <summary>Whether a block is to be left, behind a `finally` block that was gone into again, as it was before.</summary>
    public bool HasLeft(int statement, int way) => _failures.TryGetValue(statement, out var kept) && kept.Failure is int left && left == way;

    /// <summary>The error that was caught.</summary>
    public object? Failure(int statement) => _failures.TryGetValue(statement, out var kept) ? kept.Failure : null;

    /// <summary>Whether an error is to be thrown behind a `finally` block that was gone into again.</summary>
    public bool HasFailure(int statement) => _failures.ContainsKey(statement);

    /// <summary>What a statement gave; where it gave nothing, what PowerShell knows as no output, which is not `$null`.</summary>
    public object? Taken(int statement)
    {
        if (!_outputs.Remove(statement, out var output) || output.Count == 0)
        {
            return AutomationNull.Value;
        }

        return output.Count == 1 ? output[0] : output.ToArray();
    }

    /// <summary>Changes a variable that branches have in common, with nothing else between.</summary>
    public void Change(string name, string operation, object? value) => Shared.Change(name, operation, value);

    internal void BeginKeeping(int statement, bool anew)
    {
        if (anew || !_outputs.ContainsKey(statement))
        {
            _outputs[statement] = new List<object?>();
        }
    }

    internal void KeepOutput(int statement, object? output) => _outputs[statement].Add(output);

    private bool Save(int statement, bool suspends)
    {
        BeAt(statement);
        try
        {
            _run.Save(_branch, this, suspends);
            return false;
        }
        catch (Exception failure) when (failure is not PipelineStoppedException)
        {
            _refusal = failure;
            return true;
        }
    }

    private void GoTo(int statement)
    {
        BeAt(statement);
        _run.Between(_branch);
    }

    private void BeAt(int statement)
    {
        _branch.Acting = this;
        Position = statement;
        IsDone = false;
        Branches = null;
    }

    private void BeLive(int statement, bool isDone)
    {
        _saved = null;
        _branch.Acting = this;
        Position = statement;
        IsDone = isDone;
    }

    /// <summary>The statement at hand is done, as a checkpoint is to say.</summary>
    internal void MarkDone() => IsDone = true;
}

/// <summary>The items of a loop, and which of them is at hand.</summary>
internal sealed class KeptItems : IEnumerable
{
    public KeptItems(int last, object? items)
    {
        Last = last;
        Items = ListOf(items);
    }

    public KeptItems(int last, List<object?> items, int index)
    {
        Last = last;
        Items = items;
        Index = index;
    }

    /// <summary>The number of the last statement of the loop.</summary>
    public int Last { get; }

    public List<object?> Items { get; }

    /// <summary>Which item is at hand; before the first one -1.</summary>
    public int Index { get; private set; } = -1;

    /// <summary>The clause of a `switch` that was gone into again for the item at hand.</summary>
    public int Clause { get; set; } = -1;

    /// <summary>What the variable of the loop holds, where it goes on.</summary>
    public object? Current { get; set; }

    public IEnumerator GetEnumerator() => new Enumerator(this);

    public static List<object?> ListOf(object? items)
    {
        var list = new List<object?>();
        if (items is null || ReferenceEquals(items, AutomationNull.Value))
        {
            return list;
        }

        var bare = items is PSObject wrapper ? wrapper.BaseObject : items;
        if ((bare as IEnumerator ?? LanguagePrimitives.GetEnumerable(items)?.GetEnumerator()) is { } enumerator)
        {
            while (enumerator.MoveNext())
            {
                list.Add(enumerator.Current);
            }
        }
        else
        {
            list.Add(items);
        }

        return list;
    }

    private sealed class Enumerator : IEnumerator
    {
        private readonly KeptItems _items;
        private bool _again;

        public Enumerator(KeptItems items)
        {
            _items = items;
            _again = items.Index >= 0;
        }

        public object? Current { get; private set; }

        public bool MoveNext()
        {
            if (_again)
            {
                _again = false;
                Current = _items.Current ?? _items.Items[_items.Index];
                return true;
            }

            _items.Clause = -1;
            if (_items.Index + 1 >= _items.Items.Count)
            {
                return false;
            }

            _items.Index++;
            Current = _items.Items[_items.Index];
            return true;
        }

        public void Reset() => _items.Index = -1;
    }
}

/// <summary>An error that was caught within a statement.</summary>
internal sealed record KeptFailure(int Last, object? Failure);
