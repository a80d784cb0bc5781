#nullable enable
using System;
using System.Collections.Generic;
using System.IO;
using System.Management.Automation;
using System.Reflection;
using System.Threading;

namespace Runsmith.PowerShellHost;

/// <summary>
/// Whether anything of a script is still going on when it is over: programs, threads, timers, files and connections, or the
/// memory it took. Read from /proc, which in a sandbox shows the host's own processes only.
/// </summary>
internal sealed class LeftBehind
{
    /// <summary>A host that holds more than this ends: its next job would have it from the start, in bytes.</summary>
    private const long MostMemory = 512L * 1024 * 1024;

    /// <summary>Looks at what is about to end, such as a program that has just done so.</summary>
    private const int MostLooks = 20;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(1);

    /// <summary>Threads that .NET starts for itself, by the names it gives them (cut at 15 characters by the kernel).</summary>
    private static readonly string[] s_runtimeThreads =
    {
        ".NET TP ", ".NET Tiered", ".NET SigHandler", ".NET SynchManag", ".NET EventPipe", ".NET Finalizer", ".NET Timer", ".NET Sockets",
    };

    private readonly HashSet<string> _processes = new(Processes());
    private readonly HashSet<string> _threads = new(Names("/proc/self/task"));
    private readonly HashSet<string> _files = new();
    private readonly long _timers;

    public LeftBehind()
    {
        foreach (var name in Names("/proc/self/fd"))
        {
            _files.Add(TargetOf(name));
        }

        StopSavingModuleCache();
        _timers = Timer.ActiveCount;
    }

    /// <summary>
    /// PowerShell keeps a timer for some seconds after it learnt of a module, to save that in a file which no host may write.
    /// It could not be told from a script's timer. How to do without is not public; where it is done otherwise, fewer hosts are reused.
    /// </summary>
    private static void StopSavingModuleCache()
    {
        const BindingFlags Hidden = BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance;
        var cache = typeof(PSObject).Assembly.GetType("System.Management.Automation.AnalysisCache")?.GetField("s_cacheData", Hidden)?.GetValue(null);
        cache?.GetType().GetField("_saveCacheToDisk", Hidden)?.SetValue(cache, false);
    }

    /// <summary>What is left, for the worker's log; null when nothing is.</summary>
    public string? Find()
    {
        string? left = null;
        for (int look = 0; look < MostLooks; look++)
        {
            left = FindNow();
            if (left is null)
            {
                break;
            }

            if (look == 1)
            {
                // What nobody holds any more may only wait to be closed.
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }

            Thread.Sleep(s_pause);
        }

        return left;
    }

    private string? FindNow()
    {
        foreach (var process in Processes())
        {
            if (!_processes.Contains(process))
            {
                return "a process is left";
            }
        }

        foreach (var thread in Names("/proc/self/task"))
        {
            if (!_threads.Contains(thread) && !IsRuntimeThread(thread))
            {
                return "a thread is left";
            }
        }

        foreach (var name in Names("/proc/self/fd"))
        {
            var target = TargetOf(name);
            if (!_files.Contains(target) && IsOpenedByScript(target))
            {
                return $"still open: {target}";
            }
        }

        if (Timer.ActiveCount > _timers)
        {
            return "a timer is left";
        }

        if (ThreadPool.PendingWorkItemCount > 0)
        {
            return "work in the background is left";
        }

        return Environment.WorkingSet > MostMemory ? "the process has grown" : null;
    }

    /// <summary>Names a thread that .NET has started meanwhile, so that it is known the next time.</summary>
    private bool IsRuntimeThread(string thread)
    {
        string name;
        try
        {
            name = File.ReadAllText($"/proc/self/task/{thread}/comm");
        }
        catch (IOException)
        {
            // It is over.
            return true;
        }

        foreach (var known in s_runtimeThreads)
        {
            if (name.StartsWith(known, StringComparison.Ordinal))
            {
                _threads.Add(thread);
                return true;
            }
        }

        return false;
    }

    /// <summary>Not what .NET opens for itself: libraries, devices, and what only the kernel has a name for.</summary>
    private static bool IsOpenedByScript(string target) =>
        target.StartsWith("socket:", StringComparison.Ordinal)
        || target.StartsWith("anon_inode:inotify", StringComparison.Ordinal)
        || (target.StartsWith('/')
            && !target.StartsWith("/dev/", StringComparison.Ordinal)
            && !target.StartsWith("/proc/", StringComparison.Ordinal)
            && !target.StartsWith("/memfd:", StringComparison.Ordinal)
            && !target.EndsWith(".dll", StringComparison.Ordinal)
            && !target.EndsWith(".so", StringComparison.Ordinal));

    private static IEnumerable<string> Processes()
    {
        foreach (var name in Names("/proc"))
        {
            if (char.IsAsciiDigit(name[0]))
            {
                yield return name;
            }
        }
    }

    private static IEnumerable<string> Names(string folder)
    {
        foreach (var path in Directory.EnumerateFileSystemEntries(folder))
        {
            yield return path[(folder.Length + 1)..];
        }
    }

    private static string TargetOf(string descriptor)
    {
        try
        {
            return new FileInfo($"/proc/self/fd/{descriptor}").LinkTarget ?? string.Empty;
        }
        catch (IOException)
        {
            // The one by which the folder was read.
            return string.Empty;
        }
    }
}
