#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using System.Text.RegularExpressions;

namespace Runsmith.PowerShellHost;

/// <summary>
/// The names by which a script may call other runbooks: commands that are neither its own functions nor commands of PowerShell and its
/// modules, and files beside it (`./Child.ps1`, `"$PSScriptRoot/Child.ps1"`). What is a program's name is among them.
/// </summary>
internal static class CalledRunbooks
{
    /// <summary>As many as `mostCalls` of src/contract/child-runbook.ts.</summary>
    private const int Most = 500;

    /// <summary>Activities of workflows, which are commands in them only.</summary>
    private static readonly HashSet<string> s_activities = new(StringComparer.OrdinalIgnoreCase)
    {
        "InlineScript", "Checkpoint-Workflow", "Suspend-Workflow", "PSPersist",
    };

    private static readonly Regex s_name = new(@"^\p{L}[\p{L}\p{M}\p{N}_. -]{0,63}$");
    private static readonly Regex s_file = new(@"(?:^|[\\/])([^\\/$""'`]+)\.ps1$", RegexOptions.IgnoreCase);

    /// <summary>Whether a text can be the name of a runbook.</summary>
    public static bool IsName(string text) => s_name.IsMatch(text);

    public static IEnumerable<string> Of(Ast tree, Runspace runspace)
    {
        var own = OwnFunctions(tree);
        var found = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var node in tree.FindAll(node => node is CommandAst or StringConstantExpressionAst or ExpandableStringExpressionAst, searchNestedScriptBlocks: true))
        {
            var name = node switch
            {
                CommandAst command => command.GetCommandName() is { } called && !own.Contains(called) ? called : null,
                StringConstantExpressionAst text => FileOf(text.Value),
                ExpandableStringExpressionAst text => FileOf(text.Value),
                _ => null,
            };
            if (name is not null && IsName(name) && !name.EndsWith(".ps1", StringComparison.OrdinalIgnoreCase))
            {
                found.Add(name);
            }
        }

        return found.Where(name => !s_activities.Contains(name) && !IsCommand(name, runspace)).Take(Most).ToArray();
    }

    /// <summary>Names of the functions that a script defines.</summary>
    public static HashSet<string> OwnFunctions(Ast tree) => new(
        tree.FindAll(node => node is FunctionDefinitionAst, searchNestedScriptBlocks: true).Select(node => ((FunctionDefinitionAst)node).Name),
        StringComparer.OrdinalIgnoreCase);

    private static string? FileOf(string text) => s_file.Match(text) is { Success: true } match ? match.Groups[1].Value : null;

    /// <summary>Whether PowerShell or one of its modules has a command of the name.</summary>
    public static bool IsCommand(string name, Runspace runspace)
    {
        const CommandTypes Known = CommandTypes.Cmdlet | CommandTypes.Function | CommandTypes.Alias | CommandTypes.Filter;
        return runspace.SessionStateProxy.InvokeCommand.GetCommand(WildcardPattern.Escape(name), Known) is not null;
    }
}
