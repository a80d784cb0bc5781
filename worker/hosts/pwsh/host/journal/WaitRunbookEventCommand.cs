#nullable enable
using System;
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>
/// Suspends the job until somebody sends it the event of this name, and gives its value. An event that was sent before counts; each is given once,
/// the oldest first.
/// </summary>
[Cmdlet(VerbsLifecycle.Wait, "RunbookEvent")]
[OutputType(typeof(object))]
public sealed class WaitRunbookEventCommand : WaitCommand
{
    /// <summary>Of the event.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = string.Empty;

    /// <summary>After which it is not waited for any longer, and an error is thrown; 0 for as long as it takes.</summary>
    [Parameter]
    [ValidateRange(0.0, 3_153_600_000.0)]
    public double TimeoutSeconds { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var wait = new JournalWait { Event = Name, Until = UntilOf(TimeoutSeconds) };
        var answer = Wait("event", "event:" + Uri.EscapeDataString(Name), Name, wait);
        if (IsTimedOut(answer))
        {
            throw TimedOut($"The event \"{Name}\" did not come in time.");
        }

        if (answer.TryGetProperty("value", out var value))
        {
            WriteObject(ParameterValue.Read(value, string.Empty));
        }
    }
}
