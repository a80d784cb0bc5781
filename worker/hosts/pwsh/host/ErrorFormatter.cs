#nullable enable
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>
/// Has PowerShell write the text of errors, by an Out-Default of their own: so a table that the main one holds back does
/// not hold them back.
/// </summary>
internal static class ErrorFormatter
{
    /// <summary>Writes the lines of an error to the host. Call it on the thread of a running pipeline.</summary>
    public static void Format(ErrorRecord error)
    {
        // One for each: its views run in the scope in which it was begun, and that may be over when the next error comes.
        using var pipeline = ScriptBlock.Create(@"Microsoft.PowerShell.Core\Out-Default").GetSteppablePipeline(CommandOrigin.Internal);
        pipeline.Begin(expectInput: true);
        pipeline.Process(error);
        pipeline.End();
    }
}
