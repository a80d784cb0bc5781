#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>On which other computers an activity is to run.</summary>
internal static class RemoteComputers
{
    /// <param name="name">Of the activity.</param>
    /// <exception cref="RuntimeException">There are some, which this worker cannot reach.</exception>
    public static void Refuse(string name, ActivityOptions options)
    {
        if (options["PSComputerName"] is { } given && AmongNames(LanguagePrimitives.ConvertTo<string[]>(given)) is { Count: > 0 } computers)
        {
            throw ErrorOf.Terminating(new NotSupportedException(WhyNot(name, computers)));
        }
    }

    /// <summary>Those of some names that are not this machine's own.</summary>
    public static IReadOnlyList<string> AmongNames(string[] names) => names.Where(name => !string.IsNullOrEmpty(name) && !IsLocal(name)).ToArray();

    /// <summary>Why an activity cannot run on them, and what to write in its place.</summary>
    public static string WhyNot(string name, IEnumerable<string> computers) =>
        $"{name} on {string.Join(", ", computers)}: this worker cannot reach other computers by WSMan, as Windows PowerShell does. "
        + "Remove -PSComputerName, and call Invoke-Command -HostName, which goes by SSH, within an InlineScript block.";

    private static bool IsLocal(string name) =>
        name is "." or "127.0.0.1" or "::1"
        || name.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || name.Equals(Environment.MachineName, StringComparison.OrdinalIgnoreCase)
        || name.Split('.')[0].Equals(Environment.MachineName.Split('.')[0], StringComparison.OrdinalIgnoreCase);
}
