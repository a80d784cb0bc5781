#nullable enable
using System;
using System.IO;
using System.Text;

namespace Runsmith.PowerShellHost;

/// <summary>The host's private folder, in which the runbook lies as the file it is run from.</summary>
internal sealed class ScriptFile
{
    /// <summary>The folder is made before a job comes, in the private /tmp of a sandbox always under the same name.</summary>
    public ScriptFile()
    {
        var folder = Path.Combine(Path.GetTempPath(), "runbook");
        while (!OperatingSystemCalls.TryMakePrivateFolder(folder))
        {
            folder = Path.Combine(Path.GetTempPath(), "runbook-" + Guid.NewGuid().ToString("N")[..8]);
        }

        Folder = folder;
    }

    public string Folder { get; }

    /// <summary>Writes the runbook; returns the file's path.</summary>
    public string Write(string name, string script)
    {
        var path = PathOf(name);
        File.WriteAllText(path, script, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        return path;
    }

    /// <summary>Where a runbook's file is, or would be.</summary>
    public string PathOf(string name)
    {
        var fileName = new StringBuilder(name.Length + 4);
        foreach (var character in name)
        {
            // A runbook's name comes checked; nothing else may become a path or a wildcard, though.
            fileName.Append(char.IsLetterOrDigit(character) || character is '-' or '_' or '.' or ' ' ? character : '_');
        }

        return Path.Combine(Folder, fileName.Append(".ps1").ToString());
    }

    /// <summary>Removes the runbook, when it has run.</summary>
    public void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Its folder goes anyway, if it can.
        }
    }

    /// <summary>Removes the folder with all that is in it.</summary>
    public void Remove()
    {
        try
        {
            Directory.Delete(Folder, recursive: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The script may have changed it; without a sandbox the folder then stays.
        }
    }
}
