#nullable enable
using System;
using System.Globalization;
using System.IO;
using System.Runtime;

namespace Runsmith.PowerShellHost;

/// <summary>Gives back, before a host waits, what the prewarming took and the job may never need.</summary>
internal static class IdleMemory
{
    public static void GiveBack()
    {
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        ForgetLibraryFiles();
    }

    /// <summary>
    /// Drops the pages of libraries that are mapped shared and read-only: their metadata, 13 MB, mostly used while types are
    /// loaded. What is needed again comes from the page cache, without a copy.
    /// </summary>
    private static void ForgetLibraryFiles()
    {
        foreach (var line in File.ReadLines("/proc/self/maps"))
        {
            // 7f1c2a000000-7f1c2a400000 r--s 00000000 08:01 1234   /opt/pwsh/System.Management.Automation.dll
            if (!line.EndsWith(".dll", StringComparison.Ordinal) || !line.Contains(" r--s ", StringComparison.Ordinal))
            {
                continue;
            }

            int dash = line.IndexOf('-');
            int space = line.IndexOf(' ');
            ulong start = ulong.Parse(line.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            ulong end = ulong.Parse(line.AsSpan(dash + 1, space - dash - 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            OperatingSystemCalls.ForgetPages(start, end - start);
        }
    }
}
