#nullable enable
using System;
using System.Management.Automation;
using System.Reflection;
using System.Runtime.ExceptionServices;

namespace Runsmith.PowerShellHost;

/// <summary>Errors of script that ran elsewhere, told by the command that had it run.</summary>
internal static class ErrorOf
{
    /// <summary>With this mark the engine leaves an error its place, as it does for errors that jobs receive. It is not public.</summary>
    private static readonly PropertyInfo? s_keepsPlace = typeof(ErrorRecord).GetProperty(
        "PreserveInvocationInfoOnce",
        BindingFlags.Instance | BindingFlags.NonPublic);

    /// <summary>An error keeps its place in the author's lines.</summary>
    public static void Write(PSCmdlet command, ErrorRecord error)
    {
        if (error.InvocationInfo is not null)
        {
            s_keepsPlace?.SetValue(error, true);
        }

        command.WriteError(error);
    }

    /// <summary>Ends the command as the one was that it ran: the workflow where that would have, else the statement.</summary>
    public static void Retell(PSCmdlet command, RuntimeException failure)
    {
        if (failure is ActionPreferenceStopException || failure.WasThrownFromThrowStatement)
        {
            Rethrow(failure);
        }

        var error = failure.ErrorRecord;
        s_keepsPlace?.SetValue(error, true);
        command.ThrowTerminatingError(error);
    }

    /// <summary>Ends the workflow as the script that it ran was ended: not only the statement, unless something catches it.</summary>
    public static void Rethrow(Exception failure)
    {
        if (failure is IContainsErrorRecord { ErrorRecord: { } error } and not PipelineStoppedException)
        {
            throw Terminating(error.Exception, new ErrorRecord(error, null));
        }

        ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>What `throw` throws.</summary>
    public static RuntimeException Terminating(Exception cause, ErrorRecord? record = null)
    {
        record ??= new ErrorRecord(cause, cause.GetType().Name, ErrorCategory.InvalidOperation, targetObject: null);
        return new RuntimeException(cause.Message, cause, record) { WasThrownFromThrowStatement = true };
    }
}
