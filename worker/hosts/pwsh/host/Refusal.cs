#nullable enable
using System.Management.Automation;
using System.Management.Automation.Host;

namespace Runsmith.PowerShellHost;

/// <summary>The error of everything that would wait for a person.</summary>
internal static class Refusal
{
    public static HostException Of(string what) => new(
        $"{what} is refused: a runbook runs without a person who could answer. Declare a parameter in the param block and give its value when the job is started.",
        null,
        "NobodyToAnswer",
        ErrorCategory.InvalidOperation);
}
