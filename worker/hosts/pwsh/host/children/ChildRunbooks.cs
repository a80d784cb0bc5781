#nullable enable
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Threading;

namespace Runsmith.PowerShellHost;

/// <summary>
/// Lets a script call other runbooks by their names, and as files beside it. Those that it names are there when it begins: each a
/// file in the script's folder, and an alias of it. Others are asked for when a command is not found. What is not a PowerShell script
/// is a function that runs it as a job of its own.
/// </summary>
internal static class ChildRunbooks
{
    public const string CallCommandName = "Invoke-RunsmithRunbook";

    private static readonly ConcurrentDictionary<string, ChildRunbook?> s_known = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What the script names: files by the names of scripts, and functions by those of others.</summary>
    private static Dictionary<string, string> s_aliases = new();
    private static Dictionary<string, string> s_functions = new();
    private static ScriptFile? s_file;

    /// <summary>Makes the runbooks callable that a job came with, and finds the others when they are called.</summary>
    public static void Begin(Runspace runspace, ScriptFile file, RunMessage message)
    {
        s_file = file;
        s_known.Clear();
        s_aliases = new Dictionary<string, string>();
        s_functions = new Dictionary<string, string>();
        // Workflows that a workflow calls are a part of it.
        foreach (var child in message.Children.Where(child =>
            !child.Name.Equals(message.Name, StringComparison.OrdinalIgnoreCase) && (!child.IsWorkflow || message.Kind != "PowerShellWorkflow")))
        {
            s_known[child.Name] = child;
            if (!child.IsScript)
            {
                s_functions[child.Name] = CallOf(child);
            }
            else if (child.Script is { } script)
            {
                s_aliases[child.Name] = file.Write(child.Name, script);
            }
        }

        AddTo(runspace);
    }

    /// <summary>Makes the same runbooks callable in a runspace of the job's.</summary>
    public static void AddTo(Runspace runspace)
    {
        // The proxy refuses itself to those who ask while a script runs.
        var commands = runspace.SessionStateProxy.InvokeCommand;
        commands.CommandNotFoundAction = (_, lookup) => FindCommand(lookup, commands);
        if (s_aliases.Count + s_functions.Count == 0)
        {
            return;
        }

        using var shell = PowerShell.Create();
        shell.Runspace = runspace;
        shell.AddScript(
            """
            param($aliases, $functions)
            foreach ($name in $aliases.Keys) { Microsoft.PowerShell.Utility\Set-Alias -Name $name -Value $aliases[$name] -Scope Global }
            foreach ($name in $functions.Keys) { Microsoft.PowerShell.Management\Set-Item -LiteralPath "function:global:$name" -Value $functions[$name] }
            """,
            useLocalScope: true);
        shell.AddParameter("aliases", s_aliases).AddParameter("functions", s_functions).Invoke();
    }

    /// <summary>The script is over: nobody is asked for commands any more.</summary>
    public static void End(Runspace runspace) => runspace.SessionStateProxy.InvokeCommand.CommandNotFoundAction = null;

    /// <summary>The kind of a runbook that was found before; null of another.</summary>
    public static string? KindOf(string name) => s_known.TryGetValue(name, out var known) ? known?.Kind : null;

    /// <summary>A command that nothing else is: perhaps a runbook, by its name or as a file beside the script.</summary>
    /// <param name="commands">Of the runspace in which it is looked for.</param>
    private static void FindCommand(CommandLookupEventArgs lookup, CommandInvocationIntrinsics commands)
    {
        if (NameOf(lookup.CommandName) is not { } name)
        {
            return;
        }

        if (CycleWith(name) is { } chain)
        {
            // What is thrown here would be lost.
            lookup.CommandScriptBlock = ScriptBlock.Create($"throw 'Runbooks call each other in a circle: {chain.Replace("'", "''")}.'");
            lookup.StopSearch = true;
            return;
        }

        if (Find(name) is not { } child)
        {
            return;
        }

        if (!child.IsScript)
        {
            lookup.CommandScriptBlock = ScriptBlock.Create(CallOf(child));
        }
        else
        {
            var path = s_file!.PathOf(child.Name);
            lock (s_known)
            {
                if (!File.Exists(path))
                {
                    s_file.Write(child.Name, child.Script!);
                }
            }

            lookup.Command = commands.GetCommand(path, CommandTypes.ExternalScript);
        }

        lookup.StopSearch = true;
    }

    private static ChildRunbook? Find(string name)
    {
        if (s_known.TryGetValue(name, out var known) && (known is null || known.Script is not null || !known.IsScript))
        {
            return known;
        }

        var answer = RequestChannel.AskRunbook(
            writer =>
            {
                writer.WriteString("action", "find");
                writer.WriteString("name", name);
            },
            CancellationToken.None);
        var child = answer.TryGetProperty("child", out var found) ? ChildRunbook.Read(found) : null;
        return s_known[name] = child is { IsScript: true, Script: null } ? null : child;
    }

    /// <summary>The name of the runbook that a command may mean: `Child`, `./Child.ps1`, `/tmp/runbook/Child.ps1`.</summary>
    private static string? NameOf(string command)
    {
        var isFile = command.EndsWith(".ps1", StringComparison.OrdinalIgnoreCase);
        var slash = command.LastIndexOfAny(new[] { '/', '\\' });
        if (!isFile)
        {
            // The engine tries `Get-x` where there is no `x`.
            return slash < 0 && CalledRunbooks.IsName(command) && !command.StartsWith("get-get-", StringComparison.OrdinalIgnoreCase) ? command : null;
        }

        var folder = slash < 0 ? string.Empty : command[..slash];
        var name = command[(slash + 1)..^4];
        return (folder is "" or "." || folder == s_file?.Folder) && CalledRunbooks.IsName(name) ? name : null;
    }

    /// <summary>The runbooks that call each other, where one of them is called again: they would not come to an end.</summary>
    private static string? CycleWith(string called)
    {
        var chain = new List<string>();
        foreach (var frame in Runspace.DefaultRunspace.Debugger.GetCallStack())
        {
            if (frame.ScriptName is { } script && Path.GetDirectoryName(script) == s_file!.Folder)
            {
                var name = Path.GetFileNameWithoutExtension(script);
                if (chain.Count == 0 || chain[^1] != name)
                {
                    chain.Add(name);
                }
            }
        }

        chain.Reverse();
        return chain.Contains(called, StringComparer.OrdinalIgnoreCase) ? $"{string.Join(" → ", chain)} → {called}" : null;
    }

    /// <summary>The text of a function with the parameters of a runbook that runs as a job of its own.</summary>
    private static string CallOf(ChildRunbook child)
    {
        var parameters = child.Parameters.Select(parameter =>
            (parameter.IsRequired ? "[Parameter(Mandatory)] " : string.Empty) + "${" + parameter.Name.Replace("`", "``").Replace("}", "`}") + "}");
        var name = "'" + child.Name.Replace("'", "''") + "'";
        return $"[CmdletBinding()] param({string.Join(", ", parameters)}) {CallCommandName} -Name {name} -Parameters $PSBoundParameters";
    }
}
