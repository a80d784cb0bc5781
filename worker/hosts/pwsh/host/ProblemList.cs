#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using System.Text;
using System.Text.Json.Nodes;

namespace Runsmith.PowerShellHost;

/// <summary>What is wrong in a script (`Problem` of src/contract/problem.ts).</summary>
internal sealed class ProblemList
{
    private const int Limit = 100;

    /// <summary>Commands that wait for a person, and what to write in their place.</summary>
    private static readonly Dictionary<string, string> s_asking = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Read-Host"] = "Declare a parameter in the param block instead.",
        ["Get-Credential"] = "Declare a parameter of the type [pscredential] instead.",
        ["Out-GridView"] = "Output the objects instead: they are shown with the job.",
        ["Show-Command"] = "Call the command with its parameters instead.",
        ["pause"] = "Remove it.",
    };

    private readonly List<Problem> _problems = new();

    public bool HasErrors { get; private set; }

    /// <summary>All of them, in the order of the script.</summary>
    public JsonArray ToJson() => new(_problems
        .OrderBy(problem => problem.Place.StartLineNumber)
        .ThenBy(problem => problem.Place.StartColumnNumber)
        .Select(ToJson)
        .ToArray<JsonNode>());

    /// <param name="ofWorkflow">Whether the script is a workflow: what of it PowerShell 7 only refuses to run is right then.</param>
    public void AddParseErrors(ParseError[] errors, bool ofWorkflow)
    {
        bool hasConfiguration = errors.Any(IsOfConfiguration);
        foreach (var error in errors)
        {
            // Where the parser gives up a configuration, it stumbles over what is in it.
            if ((ofWorkflow && WorkflowTranslation.IsExpected(error))
                || (hasConfiguration && error.ErrorId == "UnexpectedToken"))
            {
                continue;
            }

            if (IsOfConfiguration(error))
            {
                AddError(
                    error.Extent,
                    "configuration-of-dsc",
                    "A configuration of PowerShell DSC cannot be compiled here: PowerShell 7 on Linux has no DSC. Take it out of the script, and compile it on Windows, or do its work with commands.");
                continue;
            }

            if (error.ErrorId is "WorkflowNotSupportedInPowerShellCore")
            {
                AddError(
                    error.Extent,
                    "workflow-not-at-top-level",
                    "A workflow within a function or a block makes no workflow of the script, and PowerShell 7 cannot run it. Put it at the top level of a file of its own, under whose name it becomes a runbook.");
            }
            else
            {
                AddError(error.Extent, Kebab(error.ErrorId), error.Message);
            }
        }
    }

    /// <summary>Why a workflow cannot be made ready to run.</summary>
    public void AddWorkflowProblems(IEnumerable<WorkflowProblem> problems)
    {
        foreach (var (place, code, message, isError) in problems)
        {
            if (isError)
            {
                AddError(place, code, message);
            }
            else
            {
                AddWarning(place, code, message);
            }
        }
    }

    /// <summary>A workflow that is not called as the runbook is: jobs, and other workflows, call it by that name.</summary>
    public void AddOtherName(FunctionDefinitionAst workflow, string runbookName)
    {
        if (!workflow.Name.Equals(runbookName, StringComparison.OrdinalIgnoreCase))
        {
            AddError(
                workflow.Extent,
                "workflow-name-differs",
                $"The runbook is called {runbookName}, and the workflow in it {workflow.Name}; they have to have one name. Write `workflow {runbookName}`, or call the file {workflow.Name}.ps1.");
        }
    }

    /// <summary>Statements that are right PowerShell but cannot work in a runbook.</summary>
    public void AddWhatFailsUnattended(ScriptBlockAst tree)
    {
        foreach (var node in tree.FindAll(node => node is CommandAst, searchNestedScriptBlocks: true))
        {
            var command = (CommandAst)node;
            if (command.GetCommandName() is not { } name || !s_asking.TryGetValue(name, out var remedy))
            {
                continue;
            }

            // With a user name and a password at hand, Get-Credential asks nothing; only without arguments is it sure to.
            AddWarning(command.Extent, "nobody-to-answer", $"{name} asks a person, and nobody watches a runbook: it will fail. {remedy}");
        }

        if (tree.DynamicParamBlock is { } dynamic)
        {
            AddWarning(dynamic.Extent, "dynamic-parameters", "Dynamic parameters are known only when the script runs: they are not part of the signature, and cannot be given.");
        }

        if (tree.ScriptRequirements is { } requirements)
        {
            AddUnmetRequirements(tree, requirements);
        }
    }

    /// <summary>Commands that exist on Windows only.</summary>
    /// <param name="runspace">Knows which commands there are.</param>
    public void AddWindowsCommands(ScriptBlockAst tree, Runspace runspace)
    {
        foreach (var (call, remedy) in WindowsCommands.Of(tree, runspace))
        {
            AddWarning(call.Extent, "windows-only", $"{call.GetCommandName()} exists on Windows only, and this worker has no module with it: it will not be found, unless a runbook has its name. {remedy}");
        }
    }

    public void AddError(IScriptExtent extent, string code, string message)
    {
        HasErrors = true;
        Add(extent, "error", code, message);
    }

    public void AddWarning(IScriptExtent extent, string code, string message) => Add(extent, "warning", code, message);

    /// <summary>What the parser says of `configuration`, with the stack of an exception.</summary>
    private static bool IsOfConfiguration(ParseError error) => error.Message.Contains("Unable to find DSC schema store", StringComparison.Ordinal);

    private void AddUnmetRequirements(ScriptBlockAst tree, ScriptRequirements requirements)
    {
        var place = tree.Extent;
        if (requirements.RequiredPSVersion is { } version && version > EngineVersion.Number)
        {
            AddError(place, "requires-version", $"#Requires -Version {version}: this worker has PowerShell {EngineVersion.Text}.");
        }

        if (requirements.IsElevationRequired)
        {
            AddError(place, "requires-administrator", "#Requires -RunAsAdministrator: a runbook never runs as administrator. Grant it what it needs, and remove the line.");
        }

        if (requirements.RequiredPSEditions.Count > 0
            && !requirements.RequiredPSEditions.Contains("Core", StringComparer.OrdinalIgnoreCase))
        {
            AddError(place, "requires-edition", "#Requires -PSEdition Desktop: this is PowerShell 7, whose edition is Core.");
        }
    }

    private void Add(IScriptExtent place, string severity, string code, string message)
    {
        if (_problems.Count < Limit)
        {
            _problems.Add(new Problem(place, severity, code, message));
        }
    }

    private static JsonObject ToJson(Problem problem)
    {
        var place = problem.Place;
        var json = new JsonObject
        {
            ["line"] = Math.Max(1, place.StartLineNumber),
            ["column"] = Math.Max(1, place.StartColumnNumber),
        };
        if (place.EndLineNumber > 0)
        {
            json["endLine"] = place.EndLineNumber;
            json["endColumn"] = Math.Max(1, place.EndColumnNumber);
        }

        json["severity"] = problem.Severity;
        json["message"] = problem.Message;
        json["code"] = problem.Code;
        return json;
    }

    private static string Kebab(string name)
    {
        var text = new StringBuilder(name.Length + 8);
        foreach (var character in name)
        {
            if (char.IsUpper(character) && text.Length > 0)
            {
                text.Append('-');
            }

            text.Append(char.ToLowerInvariant(character));
        }

        return text.ToString();
    }

    private sealed record Problem(IScriptExtent Place, string Severity, string Code, string Message);
}
