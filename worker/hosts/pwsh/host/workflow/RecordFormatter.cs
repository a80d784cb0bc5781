#nullable enable
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>
/// An Out-Default that can be brought to write what it still holds back in the middle of a job: what came before a checkpoint
/// must be told before it, because it never comes again.
/// </summary>
internal sealed class RecordFormatter
{
    private SteppablePipeline? _pipeline;

    public void Write(object item)
    {
        if (_pipeline is null)
        {
            _pipeline = ScriptBlock.Create(@"Microsoft.PowerShell.Core\Out-Default").GetSteppablePipeline(CommandOrigin.Internal);
            _pipeline.Begin(expectInput: true);
        }

        _pipeline.Process(item);
    }

    public void End()
    {
        if (_pipeline is { } pipeline)
        {
            _pipeline = null;
            pipeline.End();
            pipeline.Dispose();
        }
    }

    /// <summary>Forgets what it still holds: it is given again, and the pipeline to which it belonged is over.</summary>
    public void Abandon()
    {
        _pipeline?.Dispose();
        _pipeline = null;
    }
}
