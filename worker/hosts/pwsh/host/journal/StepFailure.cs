#nullable enable
using System;
using System.Management.Automation;
using System.Text.Json;

namespace Runsmith.PowerShellHost;

/// <summary>Why a step failed, so that further attempts see the same without doing it again.</summary>
internal sealed record StepFailure(string Type, string Message, string Id, string Category, string Stack)
{
    public static StepFailure Of(Exception failure)
    {
        var record = (failure as IContainsErrorRecord)?.ErrorRecord;
        var cause = record?.Exception is null or ParentContainsErrorRecordException ? failure : record.Exception;
        return new StepFailure(
            cause.GetType().FullName!,
            record is null ? failure.Message : ErrorValue.MessageOf(record),
            record?.FullyQualifiedErrorId ?? string.Empty,
            (record?.CategoryInfo.Category ?? ErrorCategory.NotSpecified).ToString(),
            record?.ScriptStackTrace ?? string.Empty);
    }

    public static StepFailure Read(JsonElement error) => new(
        TextOf(error, "name"),
        TextOf(error, "message"),
        TextOf(error, "id"),
        TextOf(error, "category"),
        TextOf(error, "stack"));

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("error");
        writer.WriteString("name", Type);
        writer.WriteString("message", Message);
        writer.WriteString("id", Id);
        writer.WriteString("category", Category);
        writer.WriteString("stack", Stack);
        writer.WriteEndObject();
    }

    /// <summary>Of the same class where that can be made of a message, so that the same `catch` takes it.</summary>
    public RuntimeException Revive()
    {
        var exception = ExceptionOf(Type, Message);
        var category = Enum.TryParse<ErrorCategory>(Category, out var known) ? known : ErrorCategory.NotSpecified;
        var record = new ErrorRecord(exception, Id, category, targetObject: null);
        return new RuntimeException(Message, exception, record);
    }

    private static Exception ExceptionOf(string type, string message)
    {
        try
        {
            if (LanguagePrimitives.TryConvertTo<Type>(type, out var known)
                && typeof(Exception).IsAssignableFrom(known)
                && Activator.CreateInstance(known, message) is Exception exception)
            {
                return exception;
            }
        }
        catch (Exception failure) when (failure is MissingMethodException or MemberAccessException or System.Reflection.TargetInvocationException)
        {
            // It takes more than a message.
        }

        return new RuntimeException(message);
    }

    private static string TextOf(JsonElement error, string name) =>
        error.TryGetProperty(name, out var text) ? text.GetString() ?? string.Empty : string.Empty;
}
