#nullable enable
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Management.Automation;
using System.Text.Json;

namespace Runsmith.PowerShellHost;

/// <summary>
/// Progress in a rhythm that a reader can follow: at most ten records a second for each activity. The last one before
/// an activity's end, or before the script's, is always written.
/// </summary>
internal sealed class ProgressPace
{
    private static readonly long Interval = Stopwatch.Frequency / 10;

    private readonly object _gate = new();
    private readonly Dictionary<int, long> _written = new();
    private readonly Dictionary<int, ProgressRecord> _keptBack = new();

    public void Write(HostChannel channel, ProgressRecord record)
    {
        lock (_gate)
        {
            bool completed = record.RecordType == ProgressRecordType.Completed;
            long now = Stopwatch.GetTimestamp();
            if (!completed && _written.TryGetValue(record.ActivityId, out var last) && now - last < Interval)
            {
                _keptBack[record.ActivityId] = record;
                return;
            }

            if (_keptBack.Remove(record.ActivityId, out var earlier) && completed)
            {
                Send(channel, earlier);
            }

            if (completed)
            {
                _written.Remove(record.ActivityId);
            }
            else
            {
                _written[record.ActivityId] = now;
            }

            Send(channel, record);
        }
    }

    public void Flush(HostChannel channel)
    {
        lock (_gate)
        {
            foreach (var record in _keptBack.Values)
            {
                Send(channel, record);
            }

            _keptBack.Clear();
        }
    }

    private static void Send(HostChannel channel, ProgressRecord record)
    {
        bool completed = record.RecordType == ProgressRecordType.Completed;
        var text = record.Activity;
        if (!string.IsNullOrWhiteSpace(record.StatusDescription))
        {
            text += ": " + record.StatusDescription;
        }

        if (record.PercentComplete >= 0)
        {
            text += $" ({record.PercentComplete} %)";
        }

        if (completed)
        {
            text += " (completed)";
        }

        using var buffer = new System.IO.MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("activity", record.Activity);
            writer.WriteNumber("activityId", record.ActivityId);
            if (record.ParentActivityId >= 0)
            {
                writer.WriteNumber("parentActivityId", record.ParentActivityId);
            }

            writer.WriteString("status", record.StatusDescription);
            if (record.CurrentOperation is { Length: > 0 } operation)
            {
                writer.WriteString("currentOperation", operation);
            }

            if (record.PercentComplete >= 0)
            {
                writer.WriteNumber("percent", record.PercentComplete);
            }

            if (record.SecondsRemaining >= 0)
            {
                writer.WriteNumber("secondsRemaining", record.SecondsRemaining);
            }

            writer.WriteBoolean("completed", completed);
            writer.WriteEndObject();
        }

        channel.WriteRecord("Progress", text, new StructuredValue(buffer.ToArray(), false));
    }
}
