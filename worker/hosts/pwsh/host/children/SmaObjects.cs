#nullable enable
using System;
using System.Globalization;
using System.Management.Automation;
using System.Text.Json;

namespace Runsmith.PowerShellHost;

/// <summary>Jobs and what they wrote, as SMA's commands give them.</summary>
internal static class SmaObjects
{
    private const string TypePrefix = "Orchestrator.WebService.Client.OaaSClient.";

    public static PSObject Job(JsonElement job)
    {
        var timings = job.GetProperty("timings");
        var created = Time(timings.GetProperty("acceptedAt"))!;
        var started = Time(timings.GetProperty("claimedAt"));
        var ended = Time(timings.GetProperty("endedAt"));
        var id = Guid.Parse(job.GetProperty("jobId").GetString()!);
        var status = job.GetProperty("status").GetString();
        return Made(
            "Job",
            ("JobID", id),
            ("JobContextID", id),
            ("TenantID", Guid.Empty),
            ("JobStatus", status),
            ("StartTime", started),
            ("EndTime", ended),
            ("CreationTime", created),
            ("LastModifiedTime", ended ?? started ?? created),
            ("ErrorCount", job.GetProperty("errorCount").GetInt32()),
            ("WarningCount", job.GetProperty("warningCount").GetInt32()),
            ("JobException", ExceptionOf(job.GetProperty("exception"))),
            ("Id", id),
            ("Status", status),
            ("RunbookName", job.GetProperty("runbookName").GetString()));
    }

    public static PSObject StreamItem(JsonElement job, JsonElement record) => Made(
        "StreamItem",
        ("JobId", Guid.Parse(job.GetProperty("jobId").GetString()!)),
        ("TenantId", Guid.Empty),
        ("RunbookVersionId", Guid.Parse(job.GetProperty("versionId").GetString()!)),
        ("StreamTypeName", record.GetProperty("stream").GetString()),
        ("StreamTime", Time(record.GetProperty("time"))),
        ("StreamText", record.GetProperty("text").GetString()),
        ("NameValues", Array.Empty<object>()));

    private static string? ExceptionOf(JsonElement exception)
    {
        if (exception.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var message = exception.GetProperty("message").GetString();
        return exception.TryGetProperty("stack", out var stack) ? $"{message}\n{stack.GetString()}" : message;
    }

    private static DateTime? Time(JsonElement time) => time.ValueKind == JsonValueKind.String
        ? DateTime.Parse(time.GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal)
        : null;

    private static PSObject Made(string type, params (string Name, object? Value)[] members)
    {
        var made = new PSObject();
        made.TypeNames.Insert(0, TypePrefix + type);
        foreach (var (name, value) in members)
        {
            made.Properties.Add(new PSNoteProperty(name, value));
        }

        return made;
    }
}
