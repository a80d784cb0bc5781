#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading;

namespace Runsmith.PowerShellHost;

/// <summary>
/// The run of a workflow: its branches, and the checkpoints that it saves. One thread at a time saves: it waits until each other
/// is between two statements, where all of them wait until the checkpoint is stored.
/// </summary>
internal sealed class WorkflowRun
{
    /// <summary>`longestJournalItem` of src/contract/journal.ts.</summary>
    private const int LongestCheckpoint = 4 * 1024 * 1024;

    /// <summary>Levels of JSON: far more than the deepest value has, within the deepest calls.</summary>
    private const int DeepestCheckpoint = 8192;

    private static readonly JsonSerializerOptions s_format = new()
    {
        // It is no part of a page, and its text is not to be three times as long.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = DeepestCheckpoint,
    };

    private static readonly string[] s_commonVariables =
    {
        "WorkflowCommandName", "JobCommandName", "ParentCommandName", "JobName", "ParentJobName", "WorkflowInstanceId", "JobInstanceId",
        "ParentJobInstanceId", "PSWorkflowRoot", "PSComputerName", "PSPrivateMetadata", "ErrorActionPreference", "WarningPreference", "VerbosePreference",
        "DebugPreference", "ProgressPreference", "InformationPreference",
    };

    private static WorkflowRun? s_current;

    [ThreadStatic]
    private static WorkflowBranch? t_branch;

    private readonly WorkflowPlan _plan;
    private readonly IReadOnlyList<ScriptTypes> _types;
    private readonly ScriptHost _host;
    private readonly Action _flush;
    private readonly Action _endSuspended;
    private readonly WorkflowBranch _root = new() { State = BranchState.Running };
    private readonly HashSet<ParallelRun> _parallel = new();
    private readonly Stack<Runspace> _idle = new();
    private volatile bool _isSaving;
    private readonly CancellationTokenSource _stopping = new();
    private bool _isFlushAsked;

    /// <summary>Variables of the job's runspace that those of branches have, too.</summary>
    private IReadOnlyList<PSVariable> _globalVariables = Array.Empty<PSVariable>();

    /// <param name="flush">Has all that the script has written so far be told.</param>
    /// <param name="endSuspended">Ends the host: the job is suspended, and nothing of it runs on.</param>
    public WorkflowRun(WorkflowScript script, ScriptHost host, Action flush, Action endSuspended)
    {
        _plan = script.Plan;
        _types = script.Types;
        _host = host;
        _flush = flush;
        _endSuspended = endSuspended;
        s_current = this;
    }

    public static WorkflowRun Current => s_current ?? throw new InvalidOperationException("No workflow runs.");

    /// <summary>Whether the script is a workflow.</summary>
    public static bool Exists => s_current is not null;

    public static WorkflowBranch Branch => t_branch ?? throw new InvalidOperationException("This is no thread of a workflow.");

    /// <summary>Guards all that threads have in common; pulsed with each change.</summary>
    public object Gate { get; } = new();

    public bool IsSaving => _isSaving;

    public bool IsStopping => _stopping.IsCancellationRequested;

    public required Guid JobId { get; init; }

    /// <summary>Whether a statement of the workflow was come to.</summary>
    public bool HasBegun => _root.Acting is not null;

    /// <summary>What was saved last; null where nothing was.</summary>
    public static SavedFrame? ReadCheckpoint(string checkpoint)
    {
        var whole = JsonNode.Parse(checkpoint, documentOptions: new JsonDocumentOptions { MaxDepth = DeepestCheckpoint })!.AsObject();
        CallNumbers.Restore(whole["calls"]?.AsObject());
        return SavedFrame.Read(whole["frame"]!.AsObject(), new StateReader(whole["frame"]));
    }

    /// <summary>The current thread runs the workflow from here on.</summary>
    /// <param name="saved">What it goes on from; null at its start.</param>
    public void Begin(SavedFrame? saved)
    {
        _root.Pending = saved;
        t_branch = _root;
    }

    /// <summary>Sets what a workflow knows of itself, and remembers what runspaces beside are to have, too.</summary>
    public void SetGlobalVariables(Runspace runspace, string name)
    {
        var variables = runspace.SessionStateProxy.PSVariable;
        foreach (var own in new[] { "WorkflowCommandName", "JobCommandName", "ParentCommandName", "JobName", "ParentJobName" })
        {
            variables.Set(own, name);
        }

        foreach (var own in new[] { "WorkflowInstanceId", "JobInstanceId", "ParentJobInstanceId" })
        {
            variables.Set(own, JobId);
        }

        // Windows gives them to each process, and SMA's runbooks count on them.
        var temporaryFolder = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetTempPath());
        Environment.SetEnvironmentVariable("COMPUTERNAME", Environment.MachineName);
        Environment.SetEnvironmentVariable("TEMP", temporaryFolder);
        Environment.SetEnvironmentVariable("TMP", temporaryFolder);

        variables.Set("PSWorkflowRoot", string.Empty);
        variables.Set("PSComputerName", "localhost");
        _globalVariables = s_commonVariables.Select(variables.Get).Where(variable => variable is not null).ToArray();
    }

    /// <summary>Defines the form of a function that goes on from a checkpoint.</summary>
    /// <returns>The name under which it can be called.</returns>
    public string DefineResumed(Runspace runspace, string name)
    {
        const string Prefix = "Runsmith-Resumed-";
        runspace.SessionStateProxy.InvokeProvider.Item.Set("function:" + Prefix + WildcardPattern.Escape(name), ResumedForm(name));
        return Prefix + name;
    }

    /// <summary>Defines the workflow's functions in a runspace.</summary>
    public void Define(Runspace runspace)
    {
        foreach (var function in _plan.Functions.Values.Where(each => each.Key == each.Name))
        {
            runspace.SessionStateProxy.InvokeProvider.Item.Set("function:" + WildcardPattern.Escape(function.Name), OwnScriptBlock.Of(function.Body));
        }
    }

    /// <summary>Does something as a branch, on its thread.</summary>
    public static T As<T>(WorkflowBranch branch, Func<T> action)
    {
        var before = t_branch;
        t_branch = branch;
        try
        {
            return action();
        }
        finally
        {
            t_branch = before;
        }
    }

    public WorkflowFrame Enter(string key, EngineIntrinsics context)
    {
        var branch = Branch;
        var function = _plan.Functions[key];
        var caller = ScopeVariables.NearestFrame(context.SessionState);
        DefineMeant(function, context);
        if (function.IsWorkflow)
        {
            // A workflow does not see the variables of the one that called it.
            var seen = ScopeVariables.OfCallers(context.SessionState);
            ScopeVariables.Set(context.SessionState, function.FreeNames.Where(seen.Contains).Select(free => KeyValuePair.Create(free, (object?)null)));
            ScopeVariables.Set(context.SessionState, new[] { KeyValuePair.Create("WorkflowCommandName", (object?)function.Name) });
        }

        if (function.FreeNames.Contains(ScopeVariables.BoundParameters, StringComparer.OrdinalIgnoreCase))
        {
            var bound = ScopeVariables.BoundParametersOf(context.SessionState);
            ScopeVariables.Set(context.SessionState, new[] { KeyValuePair.Create(Syntax.BoundParametersName, (object?)bound) });
        }

        return branch.Acting = new WorkflowFrame(this, branch, function, caller, context, saved: null, shared: null);
    }

    public WorkflowFrame Reenter(string key, EngineIntrinsics context)
    {
        var branch = Branch;
        var saved = branch.Pending!;
        branch.Pending = null;
        DefineMeant(_plan.Functions[key], context);
        var caller = ScopeVariables.NearestFrame(context.SessionState);
        ScopeVariables.Set(context.SessionState, saved.Variables);
        return branch.Acting = new WorkflowFrame(this, branch, _plan.Functions[key], caller, context, saved, shared: null);
    }

    public WorkflowFrame EnterBranch(EngineIntrinsics context)
    {
        var branch = Branch;
        var saved = branch.Pending;
        branch.Pending = null;
        ScopeVariables.Set(context.SessionState, branch.Variables);
        if (saved is not null)
        {
            ScopeVariables.Set(context.SessionState, saved.Variables);
        }

        var outer = branch.Outer!;
        DefineMeant(outer.Function, context);
        return branch.Acting = new WorkflowFrame(this, branch, outer.Function, parent: null, context, saved, outer.Shared);
    }

    /// <summary>Has names that several functions have mean, in the scope at hand, what they do in the function that runs there.</summary>
    private void DefineMeant(WorkflowFunction function, EngineIntrinsics context)
    {
        foreach (var (name, key) in function.Meant)
        {
            context.SessionState.InvokeProvider.Item.Set("function:local:" + WildcardPattern.Escape(name), OwnScriptBlock.Of(_plan.Functions[key].Body));
        }
    }

    public ScriptBlock ResumedForm(string key)
    {
        var form = _plan.Functions[key].Resumed
            ?? throw new InvalidOperationException($"The checkpoint does not fit the runbook: {key} cannot go on from one.");
        return OwnScriptBlock.Of(form);
    }

    /// <summary>A branch is between two statements: where a checkpoint is being saved, it waits.</summary>
    public void Between(WorkflowBranch branch)
    {
        if (_isSaving)
        {
            lock (Gate)
            {
                Park(branch);
            }
        }
    }

    /// <summary>Saves a checkpoint. A place at which another thread saves one at the same time is in that one.</summary>
    public void Save(WorkflowBranch branch, WorkflowFrame frame, bool suspends)
    {
        Check(frame);
        lock (Gate)
        {
            frame.MarkDone();
            if (_isSaving)
            {
                Park(branch);
                if (!suspends)
                {
                    return;
                }
            }

            _isSaving = true;
            branch.State = BranchState.Parked;
            Await(() => _parallel.All(run => run.Branches.All(IsQuiet)) && (branch == _root || IsQuiet(_root)));
            if (branch != _root)
            {
                _isFlushAsked = true;
                Monitor.PulseAll(Gate);
                Await(() => !_isFlushAsked);
            }
        }

        try
        {
            if (branch == _root)
            {
                _flush();
            }

            var checkpoint = Snapshot();
            if (checkpoint.Length > LongestCheckpoint)
            {
                throw new InvalidOperationException(
                    $"The checkpoint is {checkpoint.Length} characters long, and at most {LongestCheckpoint} are kept. Keep less in variables: what is large belongs into a file or a database, and its name into the variable.");
            }

            Keep(checkpoint);
            if (suspends || JournalChannel.AskedToSuspend.IsCancellationRequested)
            {
                EndSuspended();
            }
        }
        finally
        {
            lock (Gate)
            {
                _isSaving = false;
                branch.State = BranchState.Running;
                Monitor.PulseAll(Gate);
            }
        }
    }

    /// <summary>Nobody is to wait any more.</summary>
    public void Stop()
    {
        _stopping.Cancel();
        lock (Gate)
        {
            Monitor.PulseAll(Gate);
        }
    }

    public bool IsFlushAsked(WorkflowBranch branch) => _isFlushAsked && branch == _root;

    /// <summary>Tells what was written so far; on the thread of the workflow itself.</summary>
    public void Flush()
    {
        _flush();
        lock (Gate)
        {
            _isFlushAsked = false;
            Monitor.PulseAll(Gate);
        }
    }

    public void Beside(ParallelRun run, bool isOpen)
    {
        lock (Gate)
        {
            if (isOpen)
            {
                _parallel.Add(run);
            }
            else
            {
                _parallel.Remove(run);
            }

            Monitor.PulseAll(Gate);
        }
    }

    /// <summary>A runspace for a branch on the current thread: with the workflow's functions, and perhaps used before.</summary>
    public Runspace TakeRunspace()
    {
        lock (_idle)
        {
            if (_idle.TryPop(out var idle))
            {
                return idle;
            }
        }

        var runspace = OpenRunspace(_host, Array.Empty<KeyValuePair<string, object?>>());
        ChildRunbooks.AddTo(runspace);
        Define(runspace);
        return runspace;
    }

    /// <summary>A runspace for the current thread that knows nothing of the workflow but these variables.</summary>
    public Runspace OpenRunspace(IReadOnlyList<KeyValuePair<string, object?>> variables) => OpenRunspace(_host.WithExitOfItsOwn(), variables);

    private Runspace OpenRunspace(ScriptHost host, IReadOnlyList<KeyValuePair<string, object?>> variables)
    {
        var runspace = ScriptRunspace.Open(host, withModules: false);
        foreach (var types in _types)
        {
            types.Define(runspace);
        }

        var own = _globalVariables.Select(variable => KeyValuePair.Create(variable.Name, (object?)variable.Value));
        foreach (var (name, value) in own.Concat(variables))
        {
            runspace.SessionStateProxy.PSVariable.Set(name, value);
        }

        return runspace;
    }

    public void GiveBack(Runspace runspace, bool isToBeKept)
    {
        if (!isToBeKept || IsStopping)
        {
            runspace.Dispose();
            return;
        }

        lock (_idle)
        {
            _idle.Push(runspace);
        }
    }

    private static bool IsQuiet(WorkflowBranch branch) => branch.State != BranchState.Running;

    /// <summary>Whether the frames that lead to a place can be gone into again.</summary>
    private static void Check(WorkflowFrame frame)
    {
        for (var caller = frame.Parent; caller is not null; caller = caller.Parent)
        {
            if (!caller.Function.Calls.Contains(caller.Position))
            {
                throw new InvalidOperationException(
                    $"No checkpoint can be saved here: {frame.Function.Name} was called by {caller.Function.Name} in a way that cannot be gone into again. Call it by its name, as a statement of its own or as the right side of an assignment.");
            }
        }
    }

    private void Park(WorkflowBranch branch)
    {
        branch.State = BranchState.Parked;
        Monitor.PulseAll(Gate);
        Await(() => !_isSaving);
        branch.State = BranchState.Running;
    }

    /// <summary>Waits under the gate.</summary>
    private void Await(Func<bool> condition)
    {
        while (!condition())
        {
            if (IsStopping)
            {
                throw new PipelineStoppedException();
            }

            Monitor.Wait(Gate);
        }
    }

    private void Keep(string checkpoint)
    {
        int sequence = JournalChannel.Send(writer => writer.WriteString("checkpoint", checkpoint));
        try
        {
            JournalChannel.WaitUntilStored(sequence, _stopping.Token);
        }
        catch (OperationCanceledException)
        {
            throw new PipelineStoppedException();
        }
    }

    private string Snapshot()
    {
        var values = new StateWriter();
        return new JsonObject { ["frame"] = _root.SaveFrames()!.Write(values), ["calls"] = CallNumbers.Save() }.ToJsonString(s_format);
    }

    private void EndSuspended()
    {
        _endSuspended();
        Thread.Sleep(Timeout.Infinite);
    }
}
