#nullable enable
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>Writes an error that was trapped, with the place that it has.</summary>
[Cmdlet(VerbsData.Out, "RunsmithError")]
public sealed class TellErrorCommand : PSCmdlet
{
    /// <summary>The error.</summary>
    [Parameter(Mandatory = true)]
    public ErrorRecord ErrorRecord { get; set; } = null!;

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (ErrorRecord is { InvocationInfo: null, Exception: RuntimeException error })
        {
            // It comes from a checkpoint, and has no place: it is not told as this command's.
            error.WasThrownFromThrowStatement = true;
        }

        ErrorOf.Write(this, ErrorRecord);
    }
}
