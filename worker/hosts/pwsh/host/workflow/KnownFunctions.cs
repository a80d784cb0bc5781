#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>
/// The workflows and functions of a runbook's text, and of those that run within it. Several may have one name, in different
/// functions or texts: who calls by it means the nearest around the call.
/// </summary>
internal sealed class KnownFunctions
{
    private readonly Dictionary<string, List<FunctionDefinitionAst>> _named = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="trees">The runbook's own text first.</param>
    public KnownFunctions(IEnumerable<ScriptBlockAst> trees)
    {
        foreach (var function in trees.SelectMany(tree => Within(tree).OrderBy(Depth)))
        {
            if (!_named.TryGetValue(function.Name, out var named))
            {
                _named[function.Name] = named = new List<FunctionDefinitionAst>();
            }

            // In one place the later definition is the one that stays.
            int before = named.FindIndex(each => Owner(each) == Owner(function));
            if (before < 0)
            {
                named.Add(function);
            }
            else
            {
                named[before] = function;
            }
        }
    }

    public IEnumerable<FunctionDefinitionAst> All => _named.Values.SelectMany(named => named);

    /// <summary>What a command calls; null where it is none of these.</summary>
    public FunctionDefinitionAst? CalledBy(CommandAst command) =>
        WorkflowCommands.NameOf(command) is { } name ? SeenFrom(command, name) : null;

    /// <summary>What tells a function from the others: its name, where it is the one that is known everywhere.</summary>
    public string KeyOf(FunctionDefinitionAst function)
    {
        int index = _named[function.Name].IndexOf(function);
        return index == 0 ? function.Name : $"{function.Name}#{index + 1}";
    }

    /// <summary>Which functions a function means by those names that several have: keys by names.</summary>
    public IReadOnlyDictionary<string, string> MeantWithin(FunctionDefinitionAst function) => _named
        .Where(each => each.Value.Count > 1)
        .ToDictionary(each => each.Key, each => KeyOf(SeenFrom(function.Body, each.Key)!), StringComparer.OrdinalIgnoreCase);

    private FunctionDefinitionAst? SeenFrom(Ast place, string name)
    {
        if (!_named.TryGetValue(name, out var named))
        {
            return null;
        }

        for (var around = named.Count == 1 ? null : place; around is not null; around = around.Parent)
        {
            if (around is FunctionDefinitionAst or { Parent: null } && named.Find(each => Owner(each) == around) is { } found)
            {
                return found;
            }
        }

        return named[0];
    }

    /// <summary>The functions of a text; those of an InlineScript are none of the workflow's.</summary>
    private static IEnumerable<FunctionDefinitionAst> Within(ScriptBlockAst tree) => tree
        .FindAll(piece => piece is FunctionDefinitionAst { Parent: not FunctionMemberAst }, searchNestedScriptBlocks: true)
        .Cast<FunctionDefinitionAst>()
        .Where(function => !WorkflowCommands.IsInInlineScript(function));

    /// <summary>The function in which one is defined; else its text.</summary>
    private static Ast Owner(FunctionDefinitionAst function) => Around(function).First(piece => piece is FunctionDefinitionAst or { Parent: null });

    private static int Depth(FunctionDefinitionAst function) => Around(function).Count(piece => piece is FunctionDefinitionAst);

    private static IEnumerable<Ast> Around(Ast piece)
    {
        for (var around = piece.Parent; around is not null; around = around.Parent)
        {
            yield return around;
        }
    }
}
