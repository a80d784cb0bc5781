#nullable enable
using System;
using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;

namespace Runsmith.PowerShellHost;

/// <summary>How a script ended.</summary>
internal sealed record ScriptEnd(string Outcome, Exception? Failure, int? ExitCode);

/// <summary>One run of a script file in a runspace that was opened before.</summary>
internal sealed class ScriptRun
{
    /// <summary>
    /// With this mark the engine reports `exit n` of the script to the host, as it does for `pwsh -File`; without it,
    /// `exit 0` after a failed program could not be told from no `exit` at all. It is not public.
    /// </summary>
    private static readonly PropertyInfo s_executionContext = Required(
        typeof(Runspace).GetProperty("ExecutionContext", BindingFlags.Instance | BindingFlags.NonPublic));

    private static readonly PropertyInfo s_rethrowExit = Required(
        s_executionContext.PropertyType.GetProperty(
            "ScriptCommandProcessorShouldRethrowExit",
            BindingFlags.Instance | BindingFlags.NonPublic));

    private readonly Runspace _runspace;
    private readonly ScriptHost _host;
    private readonly RecordSink _sink;
    private readonly object _gate = new();
    private PowerShell? _running;
    private bool _stopAsked;
    private WorkflowRun? _workflow;
    private RecordFormatter? _formatter;

    public ScriptRun(Runspace runspace, ScriptHost host, RecordSink sink)
    {
        _runspace = runspace;
        _host = host;
        _sink = sink;
    }

    /// <summary>Whether the script was a workflow.</summary>
    public bool WasWorkflow => _workflow is not null;

    /// <summary>Runs the file to its end on the calling thread.</summary>
    /// <param name="endSuspended">Ends the host whose workflow is suspended.</param>
    public ScriptEnd Run(string file, RunMessage message, Action endSuspended)
    {
        SetVariables(message);
        var end = RunScript(file, message, endSuspended);
        if (end.Outcome == "Completed" && Journal.Next is { } missing)
        {
            end = new ScriptEnd("Failed", ReplayMismatchException.Missing(missing), null);
        }

        Journal.EndReplay();
        var held = _sink.TakeHeld();
        if (held.Length > 0)
        {
            // pwsh loses the last table of a script that ends by `throw` or `exit`. A runbook's report must not be lost.
            var shell = PowerShell.Create();
            shell.Runspace = _runspace;
            _formatter?.Abandon();
            FormatAgain(held, shell);
        }

        if (end.Failure is { } failure)
        {
            WriteFailure(failure);
        }

        _sink.Close();
        return end;
    }

    /// <summary>Has objects formatted and recorded while the script's pipeline goes on.</summary>
    public void FormatBeside(PSObject[] held)
    {
        if (held.Length > 0)
        {
            FormatAgain(held, PowerShell.Create(RunspaceMode.CurrentRunspace));
        }
    }

    /// <summary>Ends the script as Ctrl+C would: its `finally` blocks run. May be called from any thread.</summary>
    public void Stop()
    {
        PowerShell? running;
        lock (_gate)
        {
            _stopAsked = true;
            running = _running;
        }

        _workflow?.Stop();
        running?.BeginStop(null, null);
    }

    private ScriptEnd RunScript(string file, RunMessage message, Action endSuspended)
    {
        WorkflowScript? workflow;
        SavedFrame? saved;
        try
        {
            workflow = WorkflowScript.Of(message.Script, file, message.Name, message.Children);
            foreach (var types in workflow?.Types ?? Array.Empty<ScriptTypes>())
            {
                types.Define(_runspace);
            }

            saved = workflow is null || message.Checkpoint is null ? null : WorkflowRun.ReadCheckpoint(message.Checkpoint);
        }
        catch (Exception failure)
        {
            return new ScriptEnd("Failed", failure, null);
        }

        return workflow is null
            ? RunCommand(shell => AddWithParameters(shell, file, message, useLocalScope: false))
            : RunWorkflow(workflow, saved, message, endSuspended);
    }

    private ScriptEnd RunWorkflow(WorkflowScript workflow, SavedFrame? saved, RunMessage message, Action endSuspended)
    {
        _formatter = new RecordFormatter();
        var run = new WorkflowRun(workflow, _host, FlushOutput, endSuspended)
        {
            JobId = Guid.TryParse(message.JobId, out var id) ? id : Guid.Empty,
        };
        run.SetGlobalVariables(_runspace, workflow.Main.Name);
        lock (_gate)
        {
            _workflow = run;
        }

        run.Begin(saved);
        run.Define(_runspace);
        var name = saved is null ? workflow.Main.Name : run.DefineResumed(_runspace, saved.Function);
        var end = RunCommand(shell => AddWithParameters(shell, name, message, useLocalScope: true, withParameters: saved is null));

        // A workflow that an error ended goes on from its last checkpoint when somebody resumes it.
        return end is { Outcome: "Failed", Failure: not null } && run.HasBegun ? end with { Outcome = "Suspended" } : end;
    }

    private void FlushOutput()
    {
        _sink.BeginLastLines();
        _formatter!.End();
        _sink.EndOutput();
    }

    private static void AddWithParameters(PowerShell shell, string command, RunMessage message, bool useLocalScope, bool withParameters = true)
    {
        shell.AddCommand(command, useLocalScope);
        if (withParameters)
        {
            foreach (var (name, value) in message.Parameters)
            {
                shell.AddParameter(name, value);
            }
        }
    }

    private ScriptEnd RunCommand(Action<PowerShell> add)
    {
        using var shell = PowerShell.Create();
        shell.Runspace = _runspace;
        add(shell);
        AddRecording(shell);
        lock (_gate)
        {
            if (_stopAsked)
            {
                return new ScriptEnd("Stopped", null, null);
            }

            _running = shell;
        }

        try
        {
            s_rethrowExit.SetValue(s_executionContext.GetValue(_runspace), true);
            shell.Invoke();
            _sink.EndOutput();
            if (_stopAsked && shell.InvocationStateInfo.State != PSInvocationState.Completed)
            {
                // The engine throws nothing when the script was between two commands.
                return new ScriptEnd("Stopped", null, null);
            }

            return _host.ExitCode is { } code and not 0
                ? new ScriptEnd("Failed", null, code)
                : new ScriptEnd("Completed", null, _host.ExitCode);
        }
        catch (PipelineStoppedException) when (_stopAsked)
        {
            return new ScriptEnd("Stopped", null, null);
        }
        catch (Exception failure)
        {
            return new ScriptEnd("Failed", failure, null);
        }
        finally
        {
            lock (_gate)
            {
                _running = null;
            }
        }
    }

    private void AddRecording(PowerShell shell)
    {
        shell.AddCommand(ScriptRunspace.RecordCommandName).AddParameter("Sink", _sink);
        if (_formatter is null)
        {
            shell.AddCommand("Out-Default");
        }
        else
        {
            shell.AddParameter("Formatter", _formatter);
        }

        shell.Streams.Error.DataAdding += (_, added) =>
        {
            if (LanguagePrimitives.ConvertTo<ErrorRecord>(added.ItemAdded) is { } error)
            {
                _sink.WriteError(error, ErrorFormatter.Format);
            }
        };

        CollectedStreams.Empty(shell);
    }

    private void FormatAgain(PSObject[] held, PowerShell shell)
    {
        using (shell)
        try
        {
            AddRecording(shell);
            shell.Invoke(held);
            _sink.EndOutput();
        }
        catch (RuntimeException)
        {
            // The script's own failure is what counts.
        }
    }

    /// <summary>The Error stream tells what ended the script, too, as a runbook's in TypeScript does.</summary>
    private void WriteFailure(Exception failure)
    {
        var record = (failure as IContainsErrorRecord)?.ErrorRecord
            ?? new ErrorRecord(failure, failure.GetType().FullName, ErrorCategory.NotSpecified, targetObject: null);
        _sink.WriteError(record, error =>
        {
            using var shell = PowerShell.Create();
            shell.Runspace = _runspace;
            shell.AddCommand("Out-Default");
            shell.Invoke(new[] { error });
        });
    }

    private void SetVariables(RunMessage message)
    {
        var variables = _runspace.SessionStateProxy.PSVariable;
        variables.Set(new PSVariable(
            "PSPrivateMetadata",
            new Hashtable(StringComparer.OrdinalIgnoreCase)
            {
                ["JobId"] = Guid.TryParse(message.JobId, out var id) ? id : message.JobId,
            }));
        variables.Set("VerbosePreference", message.Verbose ? ActionPreference.Continue : ActionPreference.SilentlyContinue);
        variables.Set("DebugPreference", message.Debug ? ActionPreference.Continue : ActionPreference.SilentlyContinue);
        variables.Set("ProgressPreference", message.Progress ? ActionPreference.Continue : ActionPreference.SilentlyContinue);
    }

    private static PropertyInfo Required(PropertyInfo? property) => property
        ?? throw new NotSupportedException($"Runsmith does not know PowerShell {EngineVersion.Text} yet. Set RUNSMITH_PWSH to an earlier version.");
}
