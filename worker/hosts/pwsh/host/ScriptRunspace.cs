#nullable enable
using System.Management.Automation.Runspaces;

namespace Runsmith.PowerShellHost;

/// <summary>Makes runspaces like the one of `pwsh -NoProfile`.</summary>
internal static class ScriptRunspace
{
    public const string RecordCommandName = "Out-RunsmithRecord";

    /// <summary>Opens a runspace whose pipelines run on the calling thread.</summary>
    public static Runspace Open(ScriptHost host)
    {
        // With the commands of PowerShell's own modules built in: pwsh finds and loads those modules when a script first
        // calls one, which costs 50 to 200 ms (CreateDefault2 here); built in they cost 30 ms, before the job comes.
        var state = InitialSessionState.CreateDefault();
        state.ThreadOptions = PSThreadOptions.UseCurrentThread;
        state.Commands.Add(new SessionStateCmdletEntry(RecordCommandName, typeof(RecordCommand), null));
        var runspace = RunspaceFactory.CreateRunspace(host, state);
        runspace.Open();
        Runspace.DefaultRunspace = runspace;
        return runspace;
    }
}
