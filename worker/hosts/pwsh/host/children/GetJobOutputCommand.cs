#nullable enable
using System;
using System.Globalization;
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>What a job has written, as SMA shows it.</summary>
[Cmdlet(VerbsCommon.Get, "SmaJobOutput")]
public sealed class GetJobOutputCommand : JobCommand
{
    /// <summary>Which stream.</summary>
    [Parameter(Mandatory = true)]
    [Alias("OutputType")]
    [ValidateSet("Any", "Progress", "Output", "Warning", "Error", "Debug", "Verbose")]
    public string Stream { get; set; } = "Any";

    /// <summary>Leaves out what is older.</summary>
    [Parameter]
    public DateTime? StartTime { get; set; }

    /// <inheritdoc/>
    private protected override void Process(string id)
    {
        string? after = null;
        bool more = true;
        while (more)
        {
            var answer = Ask("read-job", id, writer =>
            {
                writer.WriteString("jobId", id);
                writer.WriteString("after", after);
                if (StartTime is { } since)
                {
                    writer.WriteString("since", since.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
                }
            });
            if (answer is not { } page)
            {
                return;
            }

            foreach (var record in page.GetProperty("records").EnumerateArray())
            {
                if (Stream.Equals("Any", StringComparison.OrdinalIgnoreCase)
                    || Stream.Equals(record.GetProperty("stream").GetString(), StringComparison.OrdinalIgnoreCase))
                {
                    WriteObject(SmaObjects.StreamItem(page.GetProperty("job"), record));
                }
            }

            after = page.GetProperty("next").GetString();
            more = page.GetProperty("more").GetBoolean();
        }
    }
}
