#nullable enable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Management.Automation;
using System.Management.Automation.Internal;
using System.Threading;

namespace Runsmith.PowerShellHost;

/// <summary>Runs a command with the parameters that every activity of a workflow has.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "RunsmithActivity")]
public sealed class ActivityCommand : PSCmdlet, IDisposable
{
    /// <summary>The variable with those of the parameters that the command itself has.</summary>
    internal const string OwnParameters = "__own";

    private readonly CancellationTokenSource _stopping = new();
    private readonly List<object?> _input = new();
    private PowerShell? _running;

    /// <summary>What the pipeline gives to the command.</summary>
    [Parameter(ValueFromPipeline = true)]
    public object? InputObject { get; set; } = AutomationNull.Value;

    /// <summary>The command with its other parameters.</summary>
    [Parameter(Mandatory = true)]
    public ScriptBlock Body { get; set; } = null!;

    /// <summary>The command's name.</summary>
    [Parameter(Mandatory = true)]
    [AllowEmptyString]
    public string Name { get; set; } = string.Empty;

    /// <summary>The parameters.</summary>
    [Parameter(Mandatory = true)]
    public Hashtable Options { get; set; } = null!;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (InputObject != (object)AutomationNull.Value)
        {
            _input.Add(InputObject);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var options = new ActivityOptions(Options);
        SessionState.PSVariable.Set(OwnParameters, options.TakeThoseOf(InvokeCommand.GetCommand(Name, CommandTypes.All)));
        if (RemoteComputers.Of(options) is { Count: > 0 } computers)
        {
            throw ErrorOf.Terminating(new NotSupportedException(
                $"{Name} on {string.Join(", ", computers)}: running on other computers is not supported. Use Invoke-Command in an InlineScript block, where PowerShell remoting is available."));
        }

        for (int attempt = 0; ; attempt++)
        {
            try
            {
                RunOnce(options);
                return;
            }
            catch (RuntimeException failure) when (attempt < options.Retries && failure is not PipelineStoppedException)
            {
                WriteVerbose($"{Name} failed, and is done again in {options.RetryInterval.TotalSeconds} s: {failure.Message}");
            }
            catch (RuntimeException failure) when (failure is not PipelineStoppedException)
            {
                ErrorOf.Retell(this, failure);
            }

            if (_stopping.Token.WaitHandle.WaitOne(options.RetryInterval))
            {
                throw new PipelineStoppedException();
            }
        }
    }

    /// <inheritdoc/>
    protected override void StopProcessing()
    {
        _stopping.Cancel();
        _running?.BeginStop(null, null);
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private void RunOnce(ActivityOptions options)
    {
        using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        shell.AddCommand("Microsoft.PowerShell.Core\\Invoke-Command")
            .AddParameter("ScriptBlock", Body)
            .AddParameter("NoNewScope");
        bool isLate = false;
        using var timer = options.TimeLimit is { } limit
            ? new Timer(
                _ =>
                {
                    isLate = true;
                    shell.BeginStop(null, null);
                },
                null,
                limit,
                Timeout.InfiniteTimeSpan)
            : null;
        using var output = new PSDataCollection<PSObject>();
        output.DataAdded += (_, _) =>
        {
            foreach (var item in output.ReadAll())
            {
                WriteObject(item);
            }
        };
        shell.Streams.Error.DataAdded += (_, _) =>
        {
            foreach (var error in shell.Streams.Error.ReadAll())
            {
                if (options.MergesErrors)
                {
                    WriteObject(error);
                }
                else
                {
                    ErrorOf.Write(this, error);
                }
            }
        };
        _running = shell;
        try
        {
            shell.Invoke(_input, output);
        }
        catch (PipelineStoppedException) when (isLate)
        {
            throw Late(options);
        }
        finally
        {
            _running = null;
        }

        if (isLate)
        {
            throw Late(options);
        }
    }

    private RuntimeException Late(ActivityOptions options) => ErrorOf.Terminating(new TimeoutException(
        $"{Name} was ended because it ran for longer than {options.TimeLimit!.Value.TotalSeconds} s, its PSActionRunningTimeoutSec."));
}
