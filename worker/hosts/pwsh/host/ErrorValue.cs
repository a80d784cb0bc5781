#nullable enable
using System;
using System.Management.Automation;
using System.Text.Json;

namespace Runsmith.PowerShellHost;

/// <summary>The structured form of an error record.</summary>
internal static class ErrorValue
{
    private const int TextLimit = 8 * 1024;

    public static void Write(Utf8JsonWriter writer, ErrorRecord error)
    {
        writer.WriteStartObject();
        writer.WriteString("message", Bounded(MessageOf(error)));
        writer.WriteString("exception", error.Exception?.GetType().FullName);
        writer.WriteString("fullyQualifiedErrorId", Bounded(error.FullyQualifiedErrorId));
        writer.WriteString("category", error.CategoryInfo.Category.ToString());
        if (error.CategoryInfo.Activity is { Length: > 0 } activity)
        {
            writer.WriteString("activity", Bounded(activity));
        }

        if (error.CategoryInfo.TargetName is { Length: > 0 } target)
        {
            writer.WriteString("target", Bounded(target));
        }

        if (error.InvocationInfo is { ScriptLineNumber: > 0 } place)
        {
            writer.WriteStartObject("position");
            writer.WriteString("script", place.ScriptName);
            writer.WriteNumber("line", place.ScriptLineNumber);
            writer.WriteNumber("column", place.OffsetInLine);
            writer.WriteString("text", Bounded(place.Line.TrimEnd('\r', '\n')));
            writer.WriteEndObject();
        }

        if (error.ScriptStackTrace is { Length: > 0 } stack)
        {
            writer.WriteString("scriptStackTrace", Bounded(stack));
        }

        writer.WriteEndObject();
    }

    /// <summary>What a person reads first: the record's own message, or the exception's.</summary>
    public static string MessageOf(ErrorRecord error) =>
        error.ErrorDetails?.Message is { Length: > 0 } details ? details : error.Exception?.Message ?? error.ToString();

    private static string Bounded(string? text) =>
        text is null ? string.Empty : text.Length <= TextLimit ? text : text[..TextLimit];
}
