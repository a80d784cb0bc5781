#nullable enable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Management.Automation;
using System.Management.Automation.Internal;

namespace Runsmith.PowerShellHost;

/// <summary>Runs a command with the parameters that every activity of a workflow has.</summary>
[Cmdlet(VerbsLifecycle.Invoke, "RunsmithActivity")]
public sealed class ActivityCommand : PSCmdlet, IDisposable
{
    /// <summary>The variable with those of the parameters that the command itself has.</summary>
    internal const string OwnParameters = "__own";

    private readonly List<object?> _input = new();
    private ActivityAttempts? _attempts;

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
        RemoteComputers.Refuse(Name, options);
        _attempts = new ActivityAttempts(this, Name, options);
        _attempts.Run(give => RunOnce(options, give));
    }

    /// <inheritdoc/>
    protected override void StopProcessing() => _attempts?.Stop();

    /// <inheritdoc/>
    public void Dispose() => _attempts?.Dispose();

    private void RunOnce(ActivityOptions options, Action<object?> give)
    {
        using var shell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        shell.AddCommand("Microsoft.PowerShell.Core\\Invoke-Command")
            .AddParameter("ScriptBlock", Body)
            .AddParameter("NoNewScope");
        using var output = new PSDataCollection<PSObject>();
        output.DataAdded += (_, _) =>
        {
            foreach (var item in output.ReadAll())
            {
                give(item);
            }
        };
        shell.Streams.Error.DataAdded += (_, _) =>
        {
            foreach (var error in shell.Streams.Error.ReadAll())
            {
                if (options.MergesErrors)
                {
                    give(error);
                }
                else
                {
                    ErrorOf.Write(this, error);
                }
            }
        };
        _attempts!.Running(() => shell.BeginStop(null, null));
        shell.Invoke(_input, output);
    }
}
