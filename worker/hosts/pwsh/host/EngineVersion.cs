#nullable enable
using System;
using System.Management.Automation;
using System.Reflection;

namespace Runsmith.PowerShellHost;

/// <summary>Which PowerShell this process is, and where it lies.</summary>
internal static class EngineVersion
{
    /// <summary>As `$PSVersionTable.PSVersion` writes it, such as `7.6.5` or `7.7.0-preview.1`.</summary>
    public static string Text { get; } = Read();

    public static Version Number { get; } = Version.Parse(Text.Split('-')[0]);

    /// <summary>`$PSHOME`.</summary>
    public static string Folder { get; } = System.IO.Path.GetDirectoryName(typeof(PSObject).Assembly.Location)!;

    private static string Read()
    {
        // "7.6.5 SHA: 7acb…" in the library's own description.
        var text = typeof(PSObject).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;
        return text is null ? "7.0.0" : text.Split(' ', '+')[0];
    }
}
