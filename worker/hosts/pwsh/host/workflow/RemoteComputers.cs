#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>On which other computers an activity is to run.</summary>
internal static class RemoteComputers
{
    public static IReadOnlyList<string> Of(ActivityOptions options)
    {
        if (options["PSComputerName"] is not { } given)
        {
            return Array.Empty<string>();
        }

        var names = LanguagePrimitives.ConvertTo<string[]>(given);
        return names.Where(name => !string.IsNullOrEmpty(name) && !IsLocal(name)).ToArray();
    }

    private static bool IsLocal(string name) =>
        name is "." or "127.0.0.1" or "::1"
        || name.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || name.Equals(Environment.MachineName, StringComparison.OrdinalIgnoreCase)
        || name.Split('.')[0].Equals(Environment.MachineName.Split('.')[0], StringComparison.OrdinalIgnoreCase);
}
