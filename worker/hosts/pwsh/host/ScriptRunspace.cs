#nullable enable
using System;
using System.Collections.Generic;
using System.IO;
using System.Management.Automation;
using System.Management.Automation.Runspaces;

namespace Runsmith.PowerShellHost;

/// <summary>Makes runspaces like the one of `pwsh -NoProfile`.</summary>
internal static class ScriptRunspace
{
    public const string RecordCommandName = "Out-RunsmithRecord";

    // Not by their names, under which a script may have put something else.
    private static readonly CmdletInfo s_getModule = new("Get-Module", typeof(Microsoft.PowerShell.Commands.GetModuleCommand));
    private static readonly CmdletInfo s_getJob = new("Get-Job", typeof(Microsoft.PowerShell.Commands.GetJobCommand));

    private static readonly string[] s_everydayModules = { "Microsoft.PowerShell.Utility", "Microsoft.PowerShell.Management" };

    /// <summary>Opens a runspace whose pipelines run on the calling thread.</summary>
    /// <param name="withModules">
    /// Load the modules of every day at once, where pwsh would find and load each when a script first calls a command of it.
    /// </param>
    public static Runspace Open(ScriptHost host, bool withModules) => Open(host, withModules ? s_everydayModules : Array.Empty<string>());

    /// <param name="modules">Names of those modules of every day that are loaded at once.</param>
    public static Runspace Open(ScriptHost host, IReadOnlyCollection<string> modules)
    {
        var state = InitialSessionState.CreateDefault2();
        state.ThreadOptions = PSThreadOptions.UseCurrentThread;
        state.Commands.Add(new SessionStateCmdletEntry(RecordCommandName, typeof(RecordCommand), null));
        state.Commands.Add(new[]
        {
            new SessionStateCmdletEntry("Get-AutomationVariable", typeof(GetVariableCommand), null),
            new SessionStateCmdletEntry("Set-AutomationVariable", typeof(SetVariableCommand), null),
            new SessionStateCmdletEntry("Get-AutomationPSCredential", typeof(GetCredentialCommand), null),
            new SessionStateCmdletEntry("Get-AutomationConnection", typeof(GetConnectionCommand), null),
            new SessionStateCmdletEntry("Get-AutomationCertificate", typeof(GetCertificateCommand), null),
            new SessionStateCmdletEntry(ChildRunbooks.CallCommandName, typeof(InvokeRunbookCommand), null),
            new SessionStateCmdletEntry("Start-SmaRunbook", typeof(StartRunbookCommand), null),
            new SessionStateCmdletEntry("Start-AutomationRunbook", typeof(StartRunbookCommand), null),
            new SessionStateCmdletEntry("Wait-AutomationJob", typeof(WaitJobCommand), null),
            new SessionStateCmdletEntry("Get-AutomationJob", typeof(GetJobCommand), null),
            new SessionStateCmdletEntry("Get-SmaJob", typeof(GetJobCommand), null),
            new SessionStateCmdletEntry("Get-SmaJobOutput", typeof(GetJobOutputCommand), null),
            new SessionStateCmdletEntry("Stop-SmaJob", typeof(StopJobCommand), null),
            new SessionStateCmdletEntry("Suspend-SmaJob", typeof(SuspendJobCommand), null),
            new SessionStateCmdletEntry("Resume-SmaJob", typeof(ResumeJobCommand), null),
            new SessionStateCmdletEntry("Invoke-RunbookStep", typeof(InvokeRunbookStepCommand), null),
            new SessionStateCmdletEntry("Suspend-Runbook", typeof(SuspendRunbookCommand), null),
            new SessionStateCmdletEntry("Wait-RunbookUntil", typeof(WaitRunbookUntilCommand), null),
            new SessionStateCmdletEntry("Wait-RunbookEvent", typeof(WaitRunbookEventCommand), null),
            new SessionStateCmdletEntry("Request-RunbookApproval", typeof(RequestRunbookApprovalCommand), null),
        });
        var profile = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config/powershell/Microsoft.PowerShell_profile.ps1");
        state.Variables.Add(new SessionStateVariableEntry("PROFILE", profile, "The profile that pwsh would run, and a runbook does not."));
        foreach (var module in modules)
        {
            // By path: finding a module by its name searches every folder of modules.
            state.ImportPSModule(new[] { Path.Combine(EngineVersion.Folder, "Modules", module, module + ".psd1") });
        }

        var runspace = RunspaceFactory.CreateRunspace(host, state);
        runspace.Open();
        Runspace.DefaultRunspace = runspace;
        return runspace;
    }

    /// <summary>Whether a job of PowerShell's, which a script started there, is not over.</summary>
    public static bool HasOpenJobs(Runspace runspace)
    {
        using var shell = PowerShell.Create();
        shell.Runspace = runspace;
        foreach (var job in shell.AddCommand(s_getJob).Invoke<Job>())
        {
            // What waits for an event goes with the runspace.
            if (job is not PSEventJob && job.JobStateInfo.State is not (JobState.Completed or JobState.Failed or JobState.Stopped))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Which modules of every day a runspace has loaded.</summary>
    public static IReadOnlyCollection<string> EverydayModulesOf(Runspace runspace)
    {
        using var shell = PowerShell.Create();
        shell.Runspace = runspace;
        var loaded = new List<string>();
        foreach (var module in shell.AddCommand(s_getModule).Invoke<PSModuleInfo>())
        {
            if (Array.IndexOf(s_everydayModules, module.Name) >= 0)
            {
                loaded.Add(module.Name);
            }
        }

        return loaded;
    }
}
