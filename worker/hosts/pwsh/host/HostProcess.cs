#nullable enable
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Text.Json;
using System.Threading;

namespace Runsmith.PowerShellHost;

/// <summary>
/// The life of a host: warm up, open the job's runspace, say `ready`, wait, do one thing, end; or, where the worker says
/// `keep`, go on with a runspace for another job. One thread runs the scripts; the process's first thread waits for `stop`,
/// for further jobs, or for the worker's end.
/// </summary>
internal static class HostProcess
{
    private const int InputDescriptor = 3;
    private const int OutputDescriptor = 4;

    /// <summary>As deep as scripts may call in pwsh, whose pipelines have stacks of 10 MB.</summary>
    private const int StackSize = 16 * 1024 * 1024;

    /// <summary>Set when the hand-over is read to its end: from then on the first thread reads the channel.</summary>
    private static readonly ManualResetEventSlim s_handedOver = new();

    /// <summary>Hand-overs after the first.</summary>
    private static readonly BlockingCollection<RunMessage> s_further = new();

    private static volatile JobRun? s_run;
    private static volatile ScriptFile? s_file;

    public static void Run()
    {
        var prewarm = Environment.GetEnvironmentVariable("RUNSMITH_HOST_PREWARM") ?? "yes";
        TidyEnvironment();
        var channel = new HostChannel(
            OperatingSystemCalls.Open(InputDescriptor, FileAccess.Read),
            OperatingSystemCalls.Open(OutputDescriptor, FileAccess.Write));
        AppDomain.CurrentDomain.UnhandledException += (_, unhandled) =>
            Fail(channel, unhandled.ExceptionObject as Exception ?? new InvalidOperationException("An error without a class."));
        AppDomain.CurrentDomain.ProcessExit += (_, _) => EndByExit(channel);

        var worker = new Thread(() => Serve(channel, prewarm), StackSize) { Name = "Runbook" };
        worker.Start();
        s_handedOver.Wait();
        Watch(channel);
    }

    /// <summary>Ends the process at once, with all that runs in it.</summary>
    public static void End(int code)
    {
        s_file?.Remove();
        OperatingSystemCalls.Exit(code);
    }

    private static void Serve(HostChannel channel, string prewarm)
    {
        try
        {
            PSStyle.Instance.OutputRendering = OutputRendering.PlainText;
            var file = new ScriptFile();
            s_file = file;
            if (prewarm != "no")
            {
                Prewarming.Run(file, strict: prewarm == "strict");
            }

            var sink = new RecordSink();
            var host = new ScriptHost(sink);
            var runspace = ScriptRunspace.Open(host, withModules: prewarm != "no");
            var run = new JobRun(channel, sink, host, runspace, file);
            if (prewarm != "no")
            {
                Prewarming.Touch(sink, host, runspace, file);
                IdleMemory.GiveBack();
            }

            RequestChannel.Open(channel);
            JournalChannel.Open(channel);
            channel.WriteReady(EngineVersion.Text);
            if (channel.Read() is not { } line)
            {
                End(0);
                return;
            }

            using var message = JsonDocument.Parse(line);
            var type = message.RootElement.GetProperty("type").GetString();
            if (type == "run")
            {
                var job = RunMessage.Read(message.RootElement);
                channel.ForgetReceived();
                s_run = run;
                if (job.KeptFolders is { } folders)
                {
                    RunOneAfterAnother(channel, run, runspace, file, job, folders);
                }
                else
                {
                    s_handedOver.Set();
                    run.Run(job);
                }
            }
            else if (type == "analyse")
            {
                var analysis = new ScriptAnalysis(
                    message.RootElement.GetProperty("name").GetString()!,
                    message.RootElement.GetProperty("script").GetString()!);
                bool isReadable = message.RootElement.TryGetProperty("readable", out _);
                s_handedOver.Set();
                channel.WriteAnalysis(writer => analysis.Write(writer, runspace), isReadable ? analysis.ReadableScript : null);
            }

            End(0);
        }
        catch (Exception failure)
        {
            Fail(channel, failure);
        }
    }

    /// <summary>Runs a job, and then others as long as none leaves anything behind; each in a runspace of its own.</summary>
    private static void RunOneAfterAnother(
        HostChannel channel,
        JobRun run,
        Runspace runspace,
        ScriptFile file,
        RunMessage job,
        IReadOnlyList<string> folders)
    {
        var state = new ProcessState(folders, file.Folder);
        var leftBehind = new LeftBehind();
        s_handedOver.Set();
        while (true)
        {
            run.Run(job, leftBehind);
            s_run = null;
            if (!run.IsKept)
            {
                return;
            }

            // A script most likely loads the modules again that it loaded before.
            var modules = ScriptRunspace.EverydayModulesOf(runspace);
            runspace.Dispose();
            if (!state.Restore())
            {
                return;
            }

            var sink = new RecordSink();
            var host = new ScriptHost(sink);
            runspace = ScriptRunspace.Open(host, modules);
            run = new JobRun(channel, sink, host, runspace, file);
            s_run = run;
            channel.BeginAgain();
            channel.WriteReady(EngineVersion.Text);
            job = s_further.Take();
        }
    }

    private static void Watch(HostChannel channel)
    {
        while (channel.Read() is { } line)
        {
            using var message = JsonDocument.Parse(line);
            switch (message.RootElement.GetProperty("type").GetString())
            {
                case "stop":
                    s_run?.Stop();
                    break;
                case "asset-answer":
                case "runbook-answer":
                    RequestChannel.Take(message.RootElement);
                    break;
                case "journal-stored":
                    JournalChannel.Take(message.RootElement);
                    break;
                case "suspend":
                    JournalChannel.AskToSuspend();
                    break;
                case "run":
                    JournalChannel.BeginAgain();
                    s_further.Add(RunMessage.Read(message.RootElement));
                    channel.ForgetReceived();
                    break;
            }
        }

        // The worker is gone: nobody may run on without it.
        End(1);
    }

    /// <summary>What only this host needs is not for the script, nor for the programs that it starts.</summary>
    private static void TidyEnvironment()
    {
        foreach (string name in Environment.GetEnvironmentVariables().Keys)
        {
            if (name.StartsWith("DOTNET_", StringComparison.Ordinal) || name.StartsWith("RUNSMITH_HOST_", StringComparison.Ordinal))
            {
                Environment.SetEnvironmentVariable(name, null);
            }
        }

        // As pwsh does, so that a script which calls pwsh meets its own version.
        var path = Environment.GetEnvironmentVariable("PATH");
        Environment.SetEnvironmentVariable("PATH", EngineVersion.Folder + (string.IsNullOrEmpty(path) ? string.Empty : ":" + path));
    }

    /// <summary>`[Environment]::Exit(n)` in a script ends the process without coming back here.</summary>
    private static void EndByExit(HostChannel channel)
    {
        int code = Environment.ExitCode;
        channel.WriteEnded(code == 0 ? "Completed" : "Failed", writer =>
        {
            if (code != 0)
            {
                JobRun.WriteExitException(writer, code);
            }

            writer.WriteNumber("exitCode", code);
        });
        End(code);
    }

    private static void Fail(HostChannel channel, Exception failure)
    {
        if (s_run is not null)
        {
            channel.WriteRecord("Error", $"{failure.GetType().FullName}: {failure.Message}");
        }

        channel.WriteEnded("Failed", writer =>
        {
            writer.WritePropertyName("exception");
            JobExceptionReport.Write(writer, failure, s_file?.Folder ?? "/tmp");
        });
        End(70);
    }
}
