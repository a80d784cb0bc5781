#nullable enable
using System;
using System.Management.Automation;
using System.Threading;

namespace Runsmith.PowerShellHost;

/// <summary>A command of the runbook whose effect is kept over all attempts of the job.</summary>
public abstract class JournalCommand : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();

    /// <inheritdoc/>
    public virtual void Dispose() => _stopping.Dispose();

    private protected CancellationToken Stopping => _stopping.Token;

    /// <inheritdoc/>
    protected override void StopProcessing() => _stopping.Cancel();

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        if (Journal.Run is null)
        {
            var exception = new InvalidOperationException(
                $"{MyInvocation.MyCommand.Name} is for PowerShell scripts. A workflow has Checkpoint-Workflow and Suspend-Workflow.");
            ThrowTerminatingError(new ErrorRecord(exception, "NoJournal", ErrorCategory.InvalidOperation, null));
        }
    }

    /// <summary>Present since <see cref="BeginProcessing"/>.</summary>
    private protected static JournalRun Run => Journal.Run!;

    /// <summary>The entry that answers this call; null where it is the first time. Ends the job where an earlier attempt did something else here.</summary>
    private protected JournalEntry? Take(string key, string kind, string name)
    {
        try
        {
            return Journal.Take(key, kind, name);
        }
        catch (ReplayMismatchException mismatch)
        {
            Run.Fail(mismatch, MyInvocation);
            throw;
        }
    }

    private protected void Keep(JournalEntry entry)
    {
        try
        {
            Journal.Keep(entry, Stopping);
        }
        catch (OperationCanceledException)
        {
            throw new PipelineStoppedException();
        }
    }

    /// <summary>What a script's block threw, with the error record that it came with.</summary>
    private protected static RuntimeException Rethrown(Exception failure)
    {
        var record = (failure as IContainsErrorRecord)?.ErrorRecord
            ?? new ErrorRecord(failure, failure.GetType().FullName, ErrorCategory.NotSpecified, targetObject: null);
        if (record.Exception is null or ParentContainsErrorRecordException)
        {
            record = new ErrorRecord(record, failure);
        }

        return Thrown(new RuntimeException(failure.Message, record.Exception, record));
    }

    /// <summary>Ends the script unless it catches it, as `throw` does, whatever its preference for errors.</summary>
    private protected static RuntimeException Thrown(RuntimeException failure)
    {
        failure.WasThrownFromThrowStatement = true;
        return failure;
    }

    private protected static RuntimeException Thrown(Exception exception, string id, ErrorCategory category) =>
        Thrown(new RuntimeException(exception.Message, exception, new ErrorRecord(exception, id, category, targetObject: null)));
}
