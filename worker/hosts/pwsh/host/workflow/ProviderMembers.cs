#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Xml.Linq;

namespace Runsmith.PowerShellHost;

/// <summary>
/// What PowerShell's providers note on all that they give: where it comes from. Each line that Get-Content gives has its drive and its provider,
/// with all that these have, and would make a checkpoint of a few lines a large one.
/// </summary>
internal static class ProviderMembers
{
    private static readonly HashSet<string> s_names = new(StringComparer.OrdinalIgnoreCase)
    {
        "PSPath", "PSParentPath", "PSChildName", "PSDrive", "PSProvider", "ReadCount",
    };

    private static readonly HashSet<string> s_large = new(StringComparer.Ordinal) { "PSDrive", "PSProvider" };

    public static bool Contains(string name) => s_names.Contains(name);

    /// <summary>What Export-Clixml keeps of an object without the drives and providers in it.</summary>
    public static string WithoutLarge(string clixml)
    {
        if (!s_large.Any(name => clixml.Contains($"N=\"{name}\"", StringComparison.Ordinal)))
        {
            return clixml;
        }

        var whole = XElement.Parse(clixml, LoadOptions.PreserveWhitespace);
        var large = whole.Descendants().Where(each => each.Parent!.Name.LocalName == "MS" && s_large.Contains((string?)each.Attribute("N") ?? string.Empty)).ToArray();
        foreach (var each in large)
        {
            each.Remove();
        }

        // Something else may refer to an object or to a list of types that is told within them.
        return IsWhole(whole, "Ref", "Obj") && IsWhole(whole, "TNRef", "TN") ? whole.ToString(SaveOptions.DisableFormatting) : clixml;
    }

    private static bool IsWhole(XElement whole, string reference, string target)
    {
        HashSet<string?> Numbers(string name) => whole.Descendants()
            .Where(each => each.Name.LocalName == name)
            .Select(each => (string?)each.Attribute("RefId"))
            .ToHashSet();
        return Numbers(reference).IsSubsetOf(Numbers(target));
    }
}
