#nullable enable
using System;
using System.Collections.Generic;
using System.Management.Automation;
using System.Threading;

namespace Runsmith.PowerShellHost;

/// <summary>What a step does, which may take so long.</summary>
internal sealed class StepBlock : IDisposable
{
    private readonly ScriptBlock _block;
    private readonly TimeSpan _timeout;
    private readonly Action<ErrorRecord> _writeError;
    private volatile PowerShell? _running;

    /// <param name="timeout">Zero for as long as it takes.</param>
    public StepBlock(ScriptBlock block, TimeSpan timeout, Action<ErrorRecord> writeError)
    {
        _block = block;
        _timeout = timeout;
        _writeError = writeError;
    }

    /// <summary>Whether the step failed, rather than that the script is stopped, or left by `exit`.</summary>
    public static bool IsFailure(Exception exception) => exception is not (PipelineStoppedException or FlowControlException);

    /// <summary>Runs it in a scope of its own, as a child of the caller's.</summary>
    /// <param name="variables">Beside those that it sees anyway.</param>
    public IReadOnlyList<PSObject> Run(List<PSVariable> variables) =>
        _timeout == TimeSpan.Zero ? _block.InvokeWithContext(null, variables) : RunInTime(variables);

    /// <summary>What runs within a time is stopped when the script is.</summary>
    public void Stop() => _running?.BeginStop(null, null);

    /// <inheritdoc/>
    public void Dispose() => _running?.Dispose();

    /// <summary>In a pipeline of its own, which can be stopped without the script's.</summary>
    private IReadOnlyList<PSObject> RunInTime(List<PSVariable> variables)
    {
        using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        shell.AddCommand(new CmdletInfo("Invoke-StepBlock", typeof(StepBlockCommand)))
            .AddParameter(nameof(StepBlockCommand.Block), _block)
            .AddParameter(nameof(StepBlockCommand.Variables), variables);
        shell.Streams.Error.DataAdded += (_, _) =>
        {
            foreach (var error in shell.Streams.Error.ReadAll())
            {
                _writeError(error);
            }
        };
        bool isLate = false;
        using var timer = new Timer(_ =>
        {
            isLate = true;
            shell.BeginStop(null, null);
        });
        _running = shell;
        try
        {
            timer.Change(_timeout, Timeout.InfiniteTimeSpan);
            var results = shell.Invoke();
            return isLate && shell.InvocationStateInfo.State != PSInvocationState.Completed ? throw Late() : results;
        }
        catch (PipelineStoppedException) when (isLate)
        {
            throw Late();
        }
        finally
        {
            _running = null;
        }
    }

    private RuntimeException Late()
    {
        var exception = new TimeoutException($"The step took longer than its timeout of {_timeout.TotalSeconds} s.");
        return new RuntimeException(exception.Message, exception, new ErrorRecord(exception, "StepTimeout", ErrorCategory.OperationTimeout, null));
    }
}
