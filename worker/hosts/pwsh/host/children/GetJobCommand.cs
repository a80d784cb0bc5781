#nullable enable
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>Jobs as SMA shows them.</summary>
[Cmdlet(VerbsCommon.Get, "SmaJob")]
public sealed class GetJobCommand : JobCommand
{
    /// <inheritdoc/>
    private protected override void Process(string id)
    {
        if (Ask("get-job", id, writer => writer.WriteString("jobId", id)) is { } answer)
        {
            WriteObject(SmaObjects.Job(answer.GetProperty("job")));
        }
    }
}
