#nullable enable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Management.Automation;
using System.Reflection;
using System.Text;
using System.Threading;

namespace Runsmith.PowerShellHost;

/// <summary>
/// What belongs to the process and not to a runspace, noted before the first job and put back after each: environment, working
/// folder, culture, console, `$PSStyle`, exit code, and the private folders. Types, assemblies and static fields stay.
/// </summary>
internal sealed class ProcessState
{
    private static readonly BindingFlags s_public = BindingFlags.Public | BindingFlags.Instance;

    private readonly Dictionary<string, string> _environment = ReadEnvironment();
    private readonly string _folder = Environment.CurrentDirectory;
    private readonly CultureInfo _culture = Thread.CurrentThread.CurrentCulture;
    private readonly CultureInfo _uiCulture = Thread.CurrentThread.CurrentUICulture;
    private readonly CultureInfo? _defaultCulture = CultureInfo.DefaultThreadCurrentCulture;
    private readonly CultureInfo? _defaultUICulture = CultureInfo.DefaultThreadCurrentUICulture;
    private readonly TextWriter _out = Console.Out;
    private readonly TextWriter _error = Console.Error;
    private readonly Encoding _encoding = Console.OutputEncoding;
    private readonly List<(object Holder, PropertyInfo Property, object? Value)> _style = new();
    private readonly IReadOnlyList<string> _folders;
    private readonly string _ownFolder;

    /// <param name="folders">The host's private folders, which are emptied.</param>
    /// <param name="ownFolder">The one that stays, empty.</param>
    public ProcessState(IReadOnlyList<string> folders, string ownFolder)
    {
        _folders = folders;
        _ownFolder = ownFolder;
        NoteStyle(PSStyle.Instance, depth: 2);
    }

    /// <summary>Puts all back; false when something cannot be.</summary>
    public bool Restore()
    {
        RestoreEnvironment();
        Environment.CurrentDirectory = _folder;
        Environment.ExitCode = 0;
        Thread.CurrentThread.CurrentCulture = _culture;
        Thread.CurrentThread.CurrentUICulture = _uiCulture;
        CultureInfo.DefaultThreadCurrentCulture = _defaultCulture;
        CultureInfo.DefaultThreadCurrentUICulture = _defaultUICulture;
        if (!ReferenceEquals(Console.Out, _out))
        {
            Console.SetOut(_out);
        }

        if (!ReferenceEquals(Console.Error, _error))
        {
            Console.SetError(_error);
        }

        if (!Console.OutputEncoding.Equals(_encoding))
        {
            Console.OutputEncoding = _encoding;
        }

        foreach (var (holder, property, value) in _style)
        {
            if (!Equals(property.GetValue(holder), value))
            {
                property.SetValue(holder, value);
            }
        }

        foreach (var folder in _folders)
        {
            if (!Empty(folder))
            {
                return false;
            }
        }

        return Directory.Exists(_ownFolder) || OperatingSystemCalls.TryMakePrivateFolder(_ownFolder);
    }

    private static Dictionary<string, string> ReadEnvironment()
    {
        var all = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            all[(string)entry.Key] = (string)entry.Value!;
        }

        return all;
    }

    private void RestoreEnvironment()
    {
        var now = ReadEnvironment();
        foreach (var (name, value) in _environment)
        {
            if (!now.Remove(name, out var current) || current != value)
            {
                Environment.SetEnvironmentVariable(name, value);
            }
        }

        foreach (var name in now.Keys)
        {
            Environment.SetEnvironmentVariable(name, null);
        }
    }

    private void NoteStyle(object holder, int depth)
    {
        foreach (var property in holder.GetType().GetProperties(s_public))
        {
            if (property.GetIndexParameters().Length > 0 || !property.CanRead)
            {
                continue;
            }

            var value = property.GetValue(holder);
            if (property.CanWrite && (value is null or string or ValueType))
            {
                _style.Add((holder, property, value));
            }
            else if (depth > 0 && value is not null && value.GetType().Namespace == typeof(PSStyle).Namespace)
            {
                NoteStyle(value, depth - 1);
            }
        }
    }

    /// <summary>Removes what is in a folder, never what is mounted there: that would fail, as it is not the host's.</summary>
    private bool Empty(string folder)
    {
        try
        {
            foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
            {
                if (entry.FullName == _ownFolder)
                {
                    if (!Empty(_ownFolder))
                    {
                        return false;
                    }
                }
                else if (entry is DirectoryInfo { LinkTarget: null } directory)
                {
                    Remove(directory);
                }
                else
                {
                    entry.Delete();
                }
            }

            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static void Remove(DirectoryInfo directory)
    {
        // A script may have closed its own folders.
        directory.UnixFileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        foreach (var entry in directory.EnumerateFileSystemInfos())
        {
            if (entry is DirectoryInfo { LinkTarget: null } inner)
            {
                Remove(inner);
            }
            else
            {
                entry.Delete();
            }
        }

        directory.Delete();
    }
}
