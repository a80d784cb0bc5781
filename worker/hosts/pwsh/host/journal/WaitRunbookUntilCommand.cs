#nullable enable
using System;
using System.Globalization;
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>Suspends the job until that time, were it in a year. A time that has passed is not waited for.</summary>
[Cmdlet(VerbsLifecycle.Wait, "RunbookUntil")]
public sealed class WaitRunbookUntilCommand : WaitCommand
{
    /// <summary>In the host's time zone, unless it says another.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    public DateTimeOffset DateTime { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var name = DateTime.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        Wait("time", "until", name, new JournalWait { Until = DateTime.ToUnixTimeMilliseconds() }, isOver: DateTime <= DateTimeOffset.UtcNow);
    }
}
