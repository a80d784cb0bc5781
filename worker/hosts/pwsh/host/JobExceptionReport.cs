#nullable enable
using System;
using System.Management.Automation;
using System.Reflection;
using System.Text.Json;

namespace Runsmith.PowerShellHost;

/// <summary>Why a script failed, as `JobException` of the contract.</summary>
internal static class JobExceptionReport
{
    private const int CauseLimit = 8;

    /// <param name="folder">The host's private folder, which is cut from the stack: it means nothing to the reader.</param>
    public static void Write(Utf8JsonWriter writer, Exception failure, string folder)
    {
        var record = (failure as IContainsErrorRecord)?.ErrorRecord;
        var cause = CauseOf(failure, record);
        writer.WriteStartObject();
        writer.WriteString("name", cause is ReplayMismatchException ? ReplayMismatchException.Name : cause.GetType().FullName);
        writer.WriteString("message", MessageOf(cause, record));
        var (line, column, position) = PlaceOf(failure, record, folder);
        var stack = position;
        if (record?.ScriptStackTrace is { Length: > 0 } trace)
        {
            stack = stack.Length == 0 ? trace : stack + "\n" + trace;
        }

        if (stack.Length > 0)
        {
            writer.WriteString("stack", stack.Replace(folder + "/", string.Empty));
        }

        if (line > 0)
        {
            writer.WriteNumber("line", line);
            writer.WriteNumber("column", column);
        }

        WriteCause(writer, cause.InnerException, CauseLimit);
        writer.WriteEndObject();
    }

    private static void WriteCause(Utf8JsonWriter writer, Exception? cause, int limit)
    {
        if (cause is null || limit == 0)
        {
            return;
        }

        writer.WriteStartObject("cause");
        writer.WriteString("name", cause.GetType().FullName);
        writer.WriteString("message", cause.Message);
        WriteCause(writer, cause.InnerException, limit - 1);
        writer.WriteEndObject();
    }

    /// <summary>Where in the runbook's own file it happened, though the error itself may stem from a module.</summary>
    private static (int Line, int Column, string Position) PlaceOf(Exception failure, ErrorRecord? record, string folder)
    {
        if (failure is ParseException { Errors.Length: > 0 } parse)
        {
            var extent = parse.Errors[0].Extent;
            return (extent.StartLineNumber, extent.StartColumnNumber, parse.Message);
        }

        if (record?.InvocationInfo is not { } place)
        {
            return (0, 0, string.Empty);
        }

        if (place.ScriptName is { } script && script.StartsWith(folder, StringComparison.Ordinal))
        {
            return (place.ScriptLineNumber, place.OffsetInLine, place.PositionMessage);
        }

        return (LineInTrace(record.ScriptStackTrace, folder), 1, place.PositionMessage);
    }

    /// <summary>The line of the innermost frame that is in the runbook's file: "at name, /folder/Name.ps1: line 12".</summary>
    private static int LineInTrace(string? trace, string folder)
    {
        foreach (var frame in (trace ?? string.Empty).Split('\n'))
        {
            int mark = frame.LastIndexOf(": line ", StringComparison.Ordinal);
            if (mark > 0
                && frame.Contains(folder + "/", StringComparison.Ordinal)
                && int.TryParse(frame.AsSpan(mark + ": line ".Length), out var line))
            {
                return line;
            }
        }

        return 0;
    }

    private static string MessageOf(Exception cause, ErrorRecord? record)
    {
        if (cause is ParseException { Errors.Length: > 0 } parse)
        {
            var more = parse.Errors.Length == 1 ? string.Empty : $" ({parse.Errors.Length - 1} more)";
            return parse.Errors[0].Message + more;
        }

        return record is null ? cause.Message : ErrorValue.MessageOf(record);
    }

    /// <summary>The exception that says most: an error record may hold a mere stand-in for the one that was thrown.</summary>
    private static Exception CauseOf(Exception failure, ErrorRecord? record)
    {
        if (failure is ParseException || record?.Exception is null or ParentContainsErrorRecordException)
        {
            return failure;
        }

        return record.Exception is TargetInvocationException { InnerException: { } inner } ? inner : record.Exception;
    }
}
