#nullable enable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Diagnostics;
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>
/// Does one named step of the runbook, and gives what it gave, as PowerShell deserialises it. Once that is stored the step is not
/// done again: a further attempt of the job gets it from the journal.
/// </summary>
[Cmdlet(VerbsLifecycle.Invoke, "RunbookStep")]
[OutputType(typeof(object))]
public sealed class InvokeRunbookStepCommand : JournalCommand
{
    private const int LongestResult = 2 * 1024 * 1024;

    private StepBlock? _block;

    /// <summary>Names the step, and all its calls in their order.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = string.Empty;

    /// <summary>What to do; `$RunbookStep` there tells it of itself.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    public ScriptBlock ScriptBlock { get; set; } = null!;

    /// <summary>How often a step that failed is tried again before its failure is thrown.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int RetryCount { get; set; }

    /// <summary>Before the first further try, doubled for each that follows.</summary>
    [Parameter]
    [ValidateRange(0.0, 31_536_000.0)]
    public double RetryIntervalSeconds { get; set; } = 1;

    /// <summary>For each try, after which it has failed; 0 for as long as it takes.</summary>
    [Parameter]
    [ValidateRange(0.0, 2_000_000.0)]
    public double TimeoutSeconds { get; set; }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _block?.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override void StopProcessing()
    {
        base.StopProcessing();
        _block?.Stop();
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var branch = Journal.Branch;
        var key = branch.KeyOfCall("step:" + Uri.EscapeDataString(Name));
        if (Take(key, "step", Name) is { } known)
        {
            if (known.Failure is { } failure)
            {
                throw Thrown(failure.Revive());
            }

            Give(known.CliXml);
            return;
        }

        if (JournalChannel.AskedToSuspend.IsCancellationRequested && branch.Step is null)
        {
            Run.Suspend();
        }

        var entry = new JournalEntry { Key = key, Kind = "step", Name = Name, Branch = branch.Path };
        Run.BeginStep(entry);
        Journal.Branch = new StepBranch(key + "/", Name);
        try
        {
            entry = Do(entry);
        }
        finally
        {
            Journal.Branch = branch;
        }

        Keep(entry);
        Give(entry.CliXml);
    }

    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    private JournalEntry Do(JournalEntry entry)
    {
        var watch = Stopwatch.StartNew();
        WriteVerbose($"Step \"{Name}\" begins.");
        try
        {
            var results = Try(entry.Key);
            var cliXml = results.Count == 0 ? null : Serialize(results);
            WriteVerbose($"Step \"{Name}\" ended after {watch.ElapsedMilliseconds} ms.");
            return entry with { EndedAt = Now, CliXml = cliXml, Result = Run.Shown(results) };
        }
        catch (Exception failure) when (StepBlock.IsFailure(failure) && !Stopping.IsCancellationRequested)
        {
            WriteVerbose($"Step \"{Name}\" failed after {watch.ElapsedMilliseconds} ms.");
            Journal.KeepCaught(entry with { EndedAt = Now, Failure = StepFailure.Of(failure) });
            throw Rethrown(failure);
        }
    }

    private IReadOnlyList<PSObject> Try(string key)
    {
        _block ??= new StepBlock(ScriptBlock, TimeSpan.FromSeconds(TimeoutSeconds), WriteError);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return _block.Run(VariablesOf(key, attempt));
            }
            catch (Exception failure) when (StepBlock.IsFailure(failure) && attempt <= RetryCount && !Stopping.IsCancellationRequested)
            {
                var pause = TimeSpan.FromSeconds(Math.Min(RetryIntervalSeconds * Math.Pow(2, attempt - 1), 2_000_000));
                WriteVerbose($"Step \"{Name}\" failed and is tried again in {pause.TotalMilliseconds} ms: {failure.Message}");
                if (Stopping.WaitHandle.WaitOne(pause))
                {
                    throw new PipelineStoppedException();
                }
            }
        }
    }

    private List<PSVariable> VariablesOf(string key, int attempt)
    {
        var step = new PSObject();
        step.Properties.Add(new PSNoteProperty("Name", Name));
        step.Properties.Add(new PSNoteProperty("IdempotencyKey", Run.IdempotencyKeyOf(key)));
        step.Properties.Add(new PSNoteProperty("Attempt", attempt));
        var variables = new List<PSVariable> { new("RunbookStep", step) };
        if (MyInvocation.BoundParameters.TryGetValue("ErrorAction", out var preference))
        {
            variables.Add(new PSVariable("ErrorActionPreference", preference));
        }

        return variables;
    }

    private string Serialize(IReadOnlyList<PSObject> results)
    {
        var all = new object[results.Count];
        for (int index = 0; index < all.Length; index++)
        {
            all[index] = results[index];
        }

        // As deep as the jobs of PowerShell do.
        var cliXml = PSSerializer.Serialize(all);
        return cliXml.Length <= LongestResult
            ? cliXml
            : throw Thrown(
                new InvalidOperationException(
                    $"The result of the step \"{Name}\" is {cliXml.Length} characters of CliXml, and at most {LongestResult} are kept. Give back what leads to it."),
                "StepResultTooLarge",
                ErrorCategory.LimitsExceeded);
    }

    /// <summary>The first attempt sees the same as all others.</summary>
    private void Give(string? cliXml)
    {
        if (cliXml is null)
        {
            return;
        }

        var results = PSSerializer.Deserialize(cliXml);
        foreach (var result in (IEnumerable)(results is PSObject wrapper ? wrapper.BaseObject : results))
        {
            WriteObject(result, enumerateCollection: false);
        }
    }
}
