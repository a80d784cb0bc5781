#nullable enable
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>A runbook that is a workflow, made ready to run.</summary>
internal sealed record WorkflowScript(WorkflowPlan Plan, FunctionDefinitionAst Main, IReadOnlyList<ScriptTypes> Types)
{
    /// <summary>Null where a script is no workflow; what is none most often costs no more than a search in its text.</summary>
    /// <param name="children">Runbooks that it names; those that are workflows run within it.</param>
    /// <exception cref="ParseException">It is one, and cannot run.</exception>
    public static WorkflowScript? Of(string script, string file, string runbookName, IReadOnlyList<ChildRunbook> children)
    {
        if (!WorkflowTranslation.IsPossible(script))
        {
            return null;
        }

        var tree = Parse(ref script, file, out var errors);
        if (!WorkflowTranslation.IsWorkflow(tree))
        {
            return null;
        }

        var unexpected = errors.Where(error => !WorkflowTranslation.IsExpected(error)).ToArray();
        if (unexpected.Length > 0)
        {
            throw new ParseException(unexpected);
        }

        var types = new List<ScriptTypes?>();
        var called = new Dictionary<string, ScriptBlockAst>(StringComparer.OrdinalIgnoreCase);
        foreach (var child in children)
        {
            if (child is { IsWorkflow: true, Script: { } childText })
            {
                var text = childText;
                var childFile = Path.Combine(Path.GetDirectoryName(file) ?? string.Empty, child.Name + ".ps1");
                called[child.Name] = Parse(ref text, childFile, out _);
                types.Add(ScriptTypes.Of(text, childFile, called[child.Name]));
            }
        }

        // The last ones are those that a name means.
        types.Add(ScriptTypes.Of(script, file, tree));
        var plan = WorkflowTranslation.Of(tree, runbookName, called);
        var problems = plan.Problems.Where(problem => problem.IsError).ToArray();
        if (problems.Length > 0)
        {
            throw new ParseException(problems.Select(problem => new ParseError(problem.Place, problem.Code, problem.Message)).ToArray());
        }

        return new WorkflowScript(plan, plan.Main!, types.OfType<ScriptTypes>().ToArray());
    }

    private static ScriptBlockAst Parse(ref string script, string file, out ParseError[] errors)
    {
        script = script.StartsWith('\ufeff') ? script[1..] : script;
        return Parser.ParseInput(script, file, out _, out errors);
    }
}
