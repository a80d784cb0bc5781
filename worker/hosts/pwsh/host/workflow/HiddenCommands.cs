#nullable enable
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>Commands that stand for what PowerShell 7 has no syntax for; no script finds them by a name.</summary>
internal static class HiddenCommands
{
    public static readonly CmdletInfo Parallel = new("Invoke-RunsmithParallel", typeof(ParallelCommand));
    public static readonly CmdletInfo KeepOutput = new("Out-RunsmithKept", typeof(KeepOutputCommand));
    public static readonly CmdletInfo TellError = new("Out-RunsmithError", typeof(TellErrorCommand));
    public static readonly CmdletInfo InlineScript = new("Invoke-RunsmithInlineScript", typeof(InlineScriptCommand));
    public static readonly CmdletInfo Activity = new("Invoke-RunsmithActivity", typeof(ActivityCommand));
}
