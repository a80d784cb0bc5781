#nullable enable
using System;
using System.IO;
using System.Management.Automation.Runspaces;

namespace Runsmith.PowerShellHost;

/// <summary>Makes runspaces like the one of `pwsh -NoProfile`.</summary>
internal static class ScriptRunspace
{
    public const string RecordCommandName = "Out-RunsmithRecord";

    private static readonly string[] s_everydayModules = { "Microsoft.PowerShell.Utility", "Microsoft.PowerShell.Management" };

    /// <summary>Opens a runspace whose pipelines run on the calling thread.</summary>
    /// <param name="withModules">
    /// Load the modules of every day at once, where pwsh would find and load each when a script first calls a command of it.
    /// </param>
    public static Runspace Open(ScriptHost host, bool withModules)
    {
        var state = InitialSessionState.CreateDefault2();
        state.ThreadOptions = PSThreadOptions.UseCurrentThread;
        state.Commands.Add(new SessionStateCmdletEntry(RecordCommandName, typeof(RecordCommand), null));
        var profile = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config/powershell/Microsoft.PowerShell_profile.ps1");
        state.Variables.Add(new SessionStateVariableEntry("PROFILE", profile, "The profile that pwsh would run, and a runbook does not."));
        if (withModules)
        {
            foreach (var module in s_everydayModules)
            {
                // By path: finding a module by its name searches every folder of modules.
                state.ImportPSModule(new[] { Path.Combine(EngineVersion.Folder, "Modules", module, module + ".psd1") });
            }
        }

        var runspace = RunspaceFactory.CreateRunspace(host, state);
        runspace.Open();
        Runspace.DefaultRunspace = runspace;
        return runspace;
    }
}
