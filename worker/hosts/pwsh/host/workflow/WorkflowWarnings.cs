#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>What of a workflow runs, but not as its author may think.</summary>
internal static class WorkflowWarnings
{
    private static readonly string[] s_scopes = { "script:", "global:", "local:", "private:" };

    /// <summary>Parameters of commands whose value is the name of a variable that the command sets.</summary>
    private static readonly HashSet<string> s_variableParameters = new(StringComparer.OrdinalIgnoreCase)
    {
        "OutVariable", "ov", "ErrorVariable", "ev", "WarningVariable", "wv", "InformationVariable", "iv", "PipelineVariable", "pv",
        "SessionVariable", "StatusCodeVariable", "ResponseHeadersVariable",
    };

    public static IEnumerable<WorkflowProblem> Of(ScriptBlockAst tree)
    {
        foreach (var statement in tree.EndBlock?.Statements ?? Enumerable.Empty<StatementAst>())
        {
            if (statement is not (FunctionDefinitionAst or TypeDefinitionAst))
            {
                yield return Warning(
                    statement.Extent,
                    "statement-beside-workflow",
                    "A workflow runbook runs its workflow, and no statements beside it: this one is never run. Put it into the workflow, or remove it.");
            }
        }

        foreach (var function in new KnownFunctions(new[] { tree }).All)
        {
            var ownNames = new Lazy<HashSet<string>>(() => NamesSetIn(function.Body, withInlineScripts: false));
            foreach (var command in CheckpointPlaces.Commands(function.Body))
            {
                if (WorkflowCommands.IsInlineScript(command))
                {
                    foreach (var problem in UnseenVariables(command, ownNames.Value))
                    {
                        yield return problem;
                    }
                }

                if (OtherComputer(command) is { } remote)
                {
                    yield return remote;
                }
            }
        }
    }

    /// <summary>Variables of the workflow that an InlineScript reads without `$using:`; each once.</summary>
    private static IEnumerable<WorkflowProblem> UnseenVariables(CommandAst inlineScript, HashSet<string> names)
    {
        foreach (var body in inlineScript.CommandElements.OfType<ScriptBlockExpressionAst>())
        {
            var own = NamesSetIn(body, withInlineScripts: true);
            var read = body
                .FindAll(piece => piece is VariableExpressionAst variable && !IsUsing(variable), searchNestedScriptBlocks: true)
                .Cast<VariableExpressionAst>()
                .DistinctBy(variable => variable.VariablePath.UserPath, StringComparer.OrdinalIgnoreCase);
            foreach (var variable in read)
            {
                var name = WorkflowRewriter.NameOf(variable);
                bool isOfWorkflow = WorkflowRewriter.IsShared(variable) || (variable.VariablePath.IsUnqualified && names.Contains(name) && !own.Contains(name));
                if (isOfWorkflow && !ScopeVariables.IsAutomatic(name) && !name.EndsWith("Preference", StringComparison.OrdinalIgnoreCase))
                {
                    yield return Warning(
                        variable.Extent,
                        "inline-script-without-using",
                        $"InlineScript runs for itself and does not see the workflow's variables: {variable.Extent.Text} is empty here. "
                        + (NeedsVariable(variable) ? $"Begin the block with ${name} = $using:{name}, which hands a copy over." : $"Write $using:{name}, which hands a copy over."));
                }
            }
        }
    }

    /// <summary>Whether `$using:name` cannot stand in a variable's place.</summary>
    private static bool NeedsVariable(VariableExpressionAst variable) => variable.Splatted
        || variable.Parent is AssignmentStatementAst
        || variable.Parent is UnaryExpressionAst
        {
            TokenKind: TokenKind.PlusPlus or TokenKind.PostfixPlusPlus or TokenKind.MinusMinus or TokenKind.PostfixMinusMinus,
        };

    private static bool IsUsing(Ast variable)
    {
        // `$using:table.Name` is one expression of `$using:`.
        for (var around = variable.Parent; around is ExpressionAst; around = around.Parent)
        {
            if (around is UsingExpressionAst)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Variables that a piece of script gives a value: as parameters, by assignments, loops and commands.</summary>
    private static HashSet<string> NamesSetIn(Ast script, bool withInlineScripts)
    {
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var setting = script.FindAll(
            piece => piece is ParameterAst or ForEachStatementAst or AssignmentStatementAst { Operator: TokenKind.Equals } or CommandAst,
            searchNestedScriptBlocks: withInlineScripts);
        foreach (var piece in setting)
        {
            switch (piece)
            {
                case ParameterAst parameter:
                    names.Add(parameter.Name.VariablePath.UserPath);
                    break;
                case ForEachStatementAst loop:
                    names.Add(loop.Variable.VariablePath.UserPath);
                    break;
                case AssignmentStatementAst assignment:
                    names.UnionWith(assignment.Left
                        .FindAll(found => found is VariableExpressionAst { Parent: not (MemberExpressionAst or IndexExpressionAst) }, searchNestedScriptBlocks: false)
                        .Select(found => WithoutScope(WorkflowRewriter.NameOf((VariableExpressionAst)found))));
                    break;
                case CommandAst command:
                    names.UnionWith(NamesSetBy(command));
                    break;
            }
        }

        if (script.Parent is FunctionDefinitionAst { Parameters: { } inBrackets })
        {
            names.UnionWith(inBrackets.Select(parameter => parameter.Name.VariablePath.UserPath));
        }

        return names;
    }

    private static IEnumerable<string> NamesSetBy(CommandAst command)
    {
        bool setsVariable = WorkflowCommands.NameOf(command)?.ToUpperInvariant() is "SET-VARIABLE" or "NEW-VARIABLE" or "SV" or "NV";
        var elements = command.CommandElements;
        for (int index = 1; index < elements.Count; index++)
        {
            var before = elements[index - 1] as CommandParameterAst;
            bool isNamed = before is not null && s_variableParameters.Contains(before.ParameterName);
            if (elements[index] is StringConstantExpressionAst name && (isNamed || setsVariable))
            {
                yield return name.Value.TrimStart('+');
            }
        }
    }

    private static string WithoutScope(string name) =>
        Array.Find(s_scopes, scope => name.StartsWith(scope, StringComparison.OrdinalIgnoreCase)) is { } scope ? name[scope.Length..] : name;

    private static WorkflowProblem? OtherComputer(CommandAst command)
    {
        foreach (var (parameter, value) in WorkflowCommands.Split(command).Common)
        {
            if (parameter.ParameterName.Equals("PSComputerName", StringComparison.OrdinalIgnoreCase)
                && LiteralOf(value) is { } literal
                && RemoteComputers.AmongNames(literal) is { Count: > 0 } computers)
            {
                return Warning(
                    parameter.Extent,
                    "other-computer",
                    $"{RemoteComputers.WhyNot(WorkflowCommands.NameOf(command) ?? "This", computers)} As it is, it ends with an error when it runs.");
            }
        }

        return null;
    }

    private static string[]? LiteralOf(ExpressionAst? value)
    {
        try
        {
            return value is null ? null : LanguagePrimitives.ConvertTo<string[]>(value.SafeGetValue());
        }
        catch (Exception failure) when (failure is InvalidOperationException or PSInvalidCastException)
        {
            // It is known only when the workflow runs.
            return null;
        }
    }

    private static WorkflowProblem Warning(IScriptExtent place, string code, string message) => new(place, code, message, IsError: false);
}
