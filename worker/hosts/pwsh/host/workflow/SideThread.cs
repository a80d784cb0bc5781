#nullable enable
using System;
using System.Collections.Generic;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using System.Threading;

namespace Runsmith.PowerShellHost;

/// <summary>
/// A thread that runs script beside the one that waits for it, in a runspace of its own. What it writes is handed over one by
/// one: it goes on when the other thread has written it, so that everything is told in the order in which it was written.
/// </summary>
internal sealed class SideThread
{
    private const string FunctionName = "Runsmith-Branch";

    /// <summary>As the thread of the runbook.</summary>
    private const int StackSize = 16 * 1024 * 1024;

    private readonly WorkflowRun _run;
    private readonly SideOutput _output;
    private readonly Thread _thread;
    private Runspace? _runspace;
    private PowerShell? _running;
    private bool _stopAsked;

    /// <param name="variables">Those of a runspace that has nothing else of the workflow's; null for a branch of it.</param>
    public SideThread(
        WorkflowRun run,
        SideOutput output,
        Action<SideThread> work,
        IReadOnlyList<KeyValuePair<string, object?>>? variables = null)
    {
        _run = run;
        _output = output;
        output.Add();
        _thread = new Thread(() => Work(work, variables), StackSize) { Name = "Runbook branch", IsBackground = true };
    }

    public void Start() => _thread.Start();

    public void Stop()
    {
        PowerShell? running;
        lock (_run.Gate)
        {
            _stopAsked = true;
            running = _running;
        }

        running?.BeginStop(null, null);
    }

    /// <summary>Runs a script to its end; on this thread.</summary>
    /// <returns>What ended it; else null.</returns>
    public Exception? Run(ScriptBlockAst body, IReadOnlyDictionary<string, object?>? usings = null)
    {
        _runspace!.SessionStateProxy.InvokeProvider.Item.Set("function:" + FunctionName, OwnScriptBlock.Of(body));
        using var shell = PowerShell.Create();
        shell.Runspace = _runspace;
        shell.AddCommand(FunctionName, useLocalScope: true);
        if (usings is not null)
        {
            shell.AddParameter("--%", usings);
        }

        shell.Streams.Error.DataAdding += (_, added) => _output.Hand(added.ItemAdded is ErrorRecord error ? error : LanguagePrimitives.ConvertTo<ErrorRecord>(added.ItemAdded), isError: true);
        CollectedStreams.Empty(shell);
        using var output = new PSDataCollection<PSObject>();
        output.DataAdding += (_, added) => _output.Hand(added.ItemAdded, isError: false);
        output.DataAdded += (_, _) => output.Clear();
        lock (_run.Gate)
        {
            if (_stopAsked)
            {
                return new PipelineStoppedException();
            }

            _running = shell;
        }

        try
        {
            shell.Invoke<PSObject, PSObject>(null, output, null);
            return null;
        }
        catch (Exception failure)
        {
            return failure;
        }
        finally
        {
            lock (_run.Gate)
            {
                _running = null;
            }
        }
    }

    private void Work(Action<SideThread> work, IReadOnlyList<KeyValuePair<string, object?>>? variables)
    {
        try
        {
            _runspace = variables is null ? _run.TakeRunspace() : _run.OpenRunspace(variables);
            Runspace.DefaultRunspace = _runspace;
            work(this);
        }
        catch (Exception failure)
        {
            _output.Fail(failure);
        }
        finally
        {
            Runspace.DefaultRunspace = null;
            if (_runspace is { } runspace)
            {
                _run.GiveBack(runspace, isToBeKept: variables is null);
            }

            _output.Remove();
        }
    }
}

/// <summary>What threads hand over to the one that waits for them.</summary>
internal sealed class SideOutput
{
    private readonly WorkflowRun _run;
    private readonly Queue<Handed> _handed = new();
    private int _threads;

    public SideOutput(WorkflowRun run) => _run = run;

    /// <summary>An error of the host's own.</summary>
    public Exception? Failure { get; private set; }

    public void Add() => Interlocked.Increment(ref _threads);

    public void Remove()
    {
        lock (_run.Gate)
        {
            _threads--;
            Monitor.PulseAll(_run.Gate);
        }
    }

    public void Fail(Exception failure)
    {
        lock (_run.Gate)
        {
            Failure ??= failure;
        }
    }

    public void Hand(object? item, bool isError)
    {
        var handed = new Handed(item, isError);
        lock (_run.Gate)
        {
            _handed.Enqueue(handed);
            Monitor.PulseAll(_run.Gate);
            while (!handed.IsTaken && !_run.IsStopping)
            {
                Monitor.Wait(_run.Gate);
            }
        }
    }

    /// <summary>Writes what comes, until all threads are over. What ends the writing, as `Select-Object -First` does, ends the threads, too.</summary>
    /// <param name="branch">Whose thread waits here; it counts as between two statements where <paramref name="isStatement"/>.</param>
    /// <param name="stop">Has the threads end.</param>
    public void Drain(WorkflowBranch branch, bool isStatement, Action<object?> write, Action<ErrorRecord> writeError, Action stop)
    {
        try
        {
            WriteAll(branch, isStatement, write, writeError);
        }
        catch
        {
            // They may wait for what they hand over to be taken, or for this thread to be quiet: until they are over it takes all.
            stop();
            WriteAll(branch, isStatement, _ => { }, _ => { });
            throw;
        }
    }

    private void WriteAll(WorkflowBranch branch, bool isStatement, Action<object?> write, Action<ErrorRecord> writeError)
    {
        while (true)
        {
            Handed? next;
            bool isToFlush = false;
            lock (_run.Gate)
            {
                while (!_handed.TryDequeue(out next) && _threads > 0)
                {
                    if (_run.IsFlushAsked(branch))
                    {
                        isToFlush = true;
                        break;
                    }

                    if (isStatement && branch.State != BranchState.Waiting)
                    {
                        branch.State = BranchState.Waiting;
                        Monitor.PulseAll(_run.Gate);
                    }

                    Monitor.Wait(_run.Gate);
                }

                if (!isToFlush)
                {
                    branch.State = BranchState.Running;
                }
            }

            if (isToFlush)
            {
                _run.Flush();
            }
            else if (next is null)
            {
                if (_run.IsStopping)
                {
                    throw new PipelineStoppedException();
                }

                return;
            }
            else if (!_run.IsStopping)
            {
                try
                {
                    if (next.IsError)
                    {
                        writeError((ErrorRecord)next.Item!);
                    }
                    else
                    {
                        write(next.Item);
                    }
                }
                finally
                {
                    lock (_run.Gate)
                    {
                        next.IsTaken = true;
                        Monitor.PulseAll(_run.Gate);
                    }
                }
            }
        }
    }

    private sealed class Handed
    {
        public Handed(object? item, bool isError)
        {
            Item = item;
            IsError = isError;
        }

        public object? Item { get; }

        public bool IsError { get; }

        public bool IsTaken { get; set; }
    }
}
