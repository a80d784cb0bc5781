#nullable enable
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>What PowerShell collects of the streams of a pipeline.</summary>
internal static class CollectedStreams
{
    /// <summary>Keeps nothing: everything is recorded when it is written, and what is collected would only grow.</summary>
    public static void Empty(PowerShell shell)
    {
        shell.Streams.Error.DataAdded += (_, _) => shell.Streams.Error.Clear();
        shell.Streams.Warning.DataAdded += (_, _) => shell.Streams.Warning.Clear();
        shell.Streams.Verbose.DataAdded += (_, _) => shell.Streams.Verbose.Clear();
        shell.Streams.Debug.DataAdded += (_, _) => shell.Streams.Debug.Clear();
        shell.Streams.Progress.DataAdded += (_, _) => shell.Streams.Progress.Clear();
        shell.Streams.Information.DataAdded += (_, _) => shell.Streams.Information.Clear();
    }
}
