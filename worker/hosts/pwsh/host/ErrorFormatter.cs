#nullable enable
using System;
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>
/// Has PowerShell write the text of errors, by an Out-Default of their own: so a table that the main one holds back does
/// not hold them back.
/// </summary>
internal sealed class ErrorFormatter : IDisposable
{
    private SteppablePipeline? _pipeline;

    /// <summary>Writes the lines of an error to the host. Call it on the thread of a running pipeline.</summary>
    public void Format(ErrorRecord error)
    {
        if (_pipeline is null)
        {
            _pipeline = ScriptBlock.Create(@"Microsoft.PowerShell.Core\Out-Default").GetSteppablePipeline(CommandOrigin.Internal);
            _pipeline.Begin(expectInput: true);
        }

        _pipeline.Process(error);
    }

    public void Dispose() => _pipeline?.Dispose();
}
