#nullable enable
using System;
using System.Diagnostics;
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>Waits until jobs have ended, and gives them. Meanwhile the slot of this job is free for others.</summary>
[Cmdlet(VerbsLifecycle.Wait, "AutomationJob")]
public sealed class WaitJobCommand : JobCommand
{
    /// <summary>Seconds after which an error is written in place of the job; without limit when left out.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue / 1000)]
    public int? TimeoutSeconds { get; set; }

    /// <inheritdoc/>
    private protected override void Process(string id)
    {
        var passed = Stopwatch.StartNew();
        while (true)
        {
            var left = TimeoutSeconds is { } limit ? (limit * 1000d) - passed.ElapsedMilliseconds : double.MaxValue;
            var patience = TimeoutSeconds is null ? FollowedJob.LongestPatience : Math.Clamp(left, 0, FollowedJob.LongestPatience - 1);
            var follow = FollowedJob.Request(id, after: null, patience);
            if (Ask("follow-job", id, follow) is not { } answer)
            {
                return;
            }

            var job = answer.GetProperty("job");
            if (FollowedJob.HasEnded(job))
            {
                WriteObject(SmaObjects.Job(job));
                return;
            }

            if (left <= 0)
            {
                var late = new TimeoutException($"The job {id} did not end within {TimeoutSeconds} s.");
                WriteError(new ErrorRecord(late, "WaitTimeout", ErrorCategory.OperationTimeout, id));
                return;
            }
        }
    }
}
