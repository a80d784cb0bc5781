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

    /// <summary>Ends the command as the script that it ran was ended.</summary>
    public static void Rethrow(PSCmdlet command, Exception failure)
    {
        if (failure is IContainsErrorRecord { ErrorRecord: { } error } && failure is not PipelineStoppedException)
        {
            command.ThrowTerminatingError(new ErrorRecord(error, null));
        }

        ExceptionDispatchInfo.Throw(failure);
    }
}
