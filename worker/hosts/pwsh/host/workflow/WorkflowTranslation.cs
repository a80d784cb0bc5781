#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>
/// Makes of a text with PowerShell workflows functions that PowerShell 7 can run, from PowerShell's own syntax tree: its parser
/// keeps the whole of a workflow, and only reports it as unsupported.
/// </summary>
internal static class WorkflowTranslation
{
    /// <summary>Errors of PowerShell's parser over what is a workflow's right.</summary>
    private static readonly HashSet<string> s_expectedErrors = new(StringComparer.Ordinal)
    {
        "WorkflowNotSupportedInPowerShellCore",
        "KeywordParameterReservedForFutureUse",
    };

    /// <summary>Whether a text may hold a workflow; cheap, and wrong now and then.</summary>
    public static bool IsPossible(string script) => script.Contains("workflow", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a script is a workflow: it defines one that is not within something else.</summary>
    public static bool IsWorkflow(ScriptBlockAst tree) => TopLevel(tree).Any(function => function.IsWorkflow);

    /// <summary>Whether the parser's error is none in a workflow.</summary>
    public static bool IsExpected(ParseError error) => s_expectedErrors.Contains(error.ErrorId);

    /// <summary>The workflow that a runbook of this name is: the one of its name, else the last.</summary>
    public static FunctionDefinitionAst? MainOf(ScriptBlockAst tree, string runbookName)
    {
        var workflows = TopLevel(tree).Where(function => function.IsWorkflow).ToArray();
        return workflows.LastOrDefault(function => function.Name.Equals(runbookName, StringComparison.OrdinalIgnoreCase)) ?? workflows.LastOrDefault();
    }

    /// <param name="children">Workflow runbooks that it calls by their names: as if they stood in its text.</param>
    public static WorkflowPlan Of(ScriptBlockAst tree, string runbookName, IReadOnlyDictionary<string, ScriptBlockAst>? children = null)
    {
        var problems = new List<WorkflowProblem>();
        var functions = new KnownFunctions((children?.Values ?? Enumerable.Empty<ScriptBlockAst>()).Prepend(tree));
        var main = MainOf(tree, runbookName);
        bool savesEverywhere = tree.Find(
            piece => piece is VariableExpressionAst { VariablePath.UserPath: var path } && path.EndsWith("PSPersistPreference", StringComparison.OrdinalIgnoreCase),
            searchNestedScriptBlocks: true) is not null;
        var places = new CheckpointPlaces(functions, savesEverywhere);
        AddMisplacedInTypes(tree, places, problems);
        var forms = new Dictionary<string, WorkflowFunction>(StringComparer.OrdinalIgnoreCase);
        foreach (var function in functions.All)
        {
            try
            {
                AddMisplaced(function, places, problems);
                forms[functions.KeyOf(function)] = Form(function, functions, places, problems);
            }
            catch (Exception failure)
            {
                problems.Add(new WorkflowProblem(
                    function.Extent,
                    "workflow-not-translated",
                    $"{function.Name} holds something that Runsmith cannot translate, which is a fault of Runsmith's: {failure.Message} Please report it, with this workflow."));
            }
        }

        if (problems.Any(problem => problem.IsError))
        {
            forms.Clear();
        }

        return new WorkflowPlan { Problems = problems, Main = main, Functions = forms };
    }

    /// <summary>Has a body be that of a function, so that PowerShell tells the function's name in stacks.</summary>
    public static void Name(ScriptBlockAst body, FunctionDefinitionAst function)
    {
        var definition = new FunctionDefinitionAst(function.Extent, isFilter: false, isWorkflow: false, function.Name, parameters: null, body);
        var root = Root(function);
        _ = new ScriptBlockAst(
            root.Extent,
            Syntax.Usings(root.UsingStatements),
            paramBlock: null,
            Syntax.Block(root.Extent, new StatementAst[] { definition }),
            isFilter: false);
    }

    private static WorkflowFunction Form(FunctionDefinitionAst function, KnownFunctions functions, CheckpointPlaces places, List<WorkflowProblem> problems)
    {
        var body = function.Body;
        var key = functions.KeyOf(function);
        bool isResumable = places.IsResumable(function);
        bool hasBlocks = body.BeginBlock is not null || body.ProcessBlock is not null || body.DynamicParamBlock is not null || body.EndBlock is null;
        if (isResumable && (hasBlocks || function.IsFilter))
        {
            problems.Add(new WorkflowProblem(
                body.Extent,
                "checkpoint-in-blocks",
                $"{function.Name} saves checkpoints, and cannot have begin, process or dynamicparam blocks, nor be a filter. Write it without, with a foreach loop over a parameter."));
            isResumable = false;
        }

        if (hasBlocks || (!function.IsWorkflow && !isResumable))
        {
            var copy = new WorkflowRewriter(function, places, problems).WholeBody(body);
            if (function.Parameters is { Count: > 0 } parameters)
            {
                copy = WithParameters(copy, parameters);
            }

            Name(copy, function);
            return new WorkflowFunction { Name = function.Name, Key = key, Body = copy };
        }

        if (!isResumable)
        {
            var rewriter = new WorkflowRewriter(function, places, problems);
            var statements = rewriter.Block(new StatementBlockAst(body.EndBlock!.Extent, body.EndBlock.Statements.Select(Copy), Copies(body.EndBlock.Traps)));
            return new WorkflowFunction
            {
                Name = function.Name,
                Key = key,
                Meant = functions.MeantWithin(function),
                IsWorkflow = function.IsWorkflow,
                FreeNames = FreeNames(function),
                Body = Whole(function, "Enter", key, FullParameters(function), statements),
                Blocks = rewriter.Blocks,
            };
        }

        var form = new ResumableForm(function, places, problems);
        var guarded = form.Of(body);
        var resumed = Syntax.Block(
            guarded.Extent,
            TypedVariables(body).Concat(guarded.Statements.Select(Copy)).ToArray(),
            Copies(guarded.Traps));
        return new WorkflowFunction
        {
            Name = function.Name,
            Key = key,
            Meant = functions.MeantWithin(function),
            IsWorkflow = function.IsWorkflow,
            FreeNames = FreeNames(function),
            Body = Whole(function, "Enter", key, FullParameters(function), guarded),
            Resumed = Whole(function, "Reenter", key, BareParameters(function), resumed),
            Blocks = form.Blocks,
            Calls = form.Calls,
        };
    }

    private static string[] FreeNames(FunctionDefinitionAst function)
    {
        var parameters = ParametersOf(function).Select(parameter => parameter.Name.VariablePath.UserPath).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return function.Body
            .FindAll(piece => piece is VariableExpressionAst { VariablePath.IsUnqualified: true }, searchNestedScriptBlocks: true)
            .Select(piece => ((VariableExpressionAst)piece).VariablePath.UserPath)
            .Where(name => !parameters.Contains(name))
            .Distinct(StringComparer.OrdinalIgnoreCase)
            .ToArray();
    }

    /// <summary>Has variables with a type get it again, so that what is assigned to them later is converted as ever.</summary>
    private static IEnumerable<StatementAst> TypedVariables(ScriptBlockAst body)
    {
        var typed = new Dictionary<string, ConvertExpressionAst>(StringComparer.OrdinalIgnoreCase);
        foreach (AssignmentStatementAst assignment in body.FindAll(piece => piece is AssignmentStatementAst, searchNestedScriptBlocks: false))
        {
            if (assignment.Left is ConvertExpressionAst { Child: VariableExpressionAst variable } conversion && variable.VariablePath.IsUnqualified)
            {
                typed[variable.VariablePath.UserPath] = conversion;
            }
        }

        foreach (var (name, conversion) in typed)
        {
            var at = conversion.Extent;
            var saved = new CommandExpressionAst(at, Syntax.OfFrame(at, "Saved", Syntax.Word(at, name)), null);
            var assign = new AssignmentStatementAst(at, (ExpressionAst)conversion.Copy(), TokenKind.Equals, saved, at);
            var keep = new CatchClauseAst(at, Array.Empty<TypeConstraintAst>(), Syntax.Block(at, Array.Empty<StatementAst>()));
            yield return Syntax.If(at, Syntax.OfFrame(at, "HasSaved", Syntax.Word(at, name)), new StatementAst[]
            {
                // What is left of an object may not be of its type any more.
                new TryStatementAst(at, Syntax.Block(at, new StatementAst[] { assign }), new[] { keep }, null),
            });
        }
    }

    private static StatementAst Copy(StatementAst statement) => (StatementAst)statement.Copy();

    private static IEnumerable<TrapStatementAst>? Copies(IEnumerable<TrapStatementAst>? traps) =>
        traps?.Select(trap => (TrapStatementAst)trap.Copy()).ToArray();

    private static ScriptBlockAst Whole(FunctionDefinitionAst function, string enter, string key, ParamBlockAst? parameters, StatementBlockAst statements)
    {
        var at = function.Body.Extent;
        var entering = Syntax.Assign(
            at,
            Syntax.FrameName,
            Syntax.Call(
                at,
                new ConstantExpressionAst(at, WorkflowEntry.Instance),
                enter,
                Syntax.Word(at, key),
                Syntax.Variable(at, "ExecutionContext")));
        var block = Syntax.Block(
            at,
            statements.Statements.Select(Copy).Prepend(entering),
            Copies(statements.Traps));
        var body = new ScriptBlockAst(at, parameters, block, isFilter: false);
        Name(body, function);
        return body;
    }

    private static IEnumerable<ParameterAst> ParametersOf(FunctionDefinitionAst function) =>
        function.Body.ParamBlock?.Parameters ?? function.Parameters ?? Enumerable.Empty<ParameterAst>();

    private static ParamBlockAst FullParameters(FunctionDefinitionAst function)
    {
        var attributes = (function.Body.ParamBlock?.Attributes ?? Enumerable.Empty<AttributeAst>())
            .Select(attribute => (AttributeAst)attribute.Copy())
            .ToList();
        var at = function.Body.ParamBlock?.Extent ?? function.Body.Extent;
        if (function.IsWorkflow && !attributes.Any(attribute => attribute.TypeName.FullName.Equals("CmdletBinding", StringComparison.OrdinalIgnoreCase)))
        {
            // A workflow always has the common parameters of commands, and takes no others than its own.
            attributes.Add(new AttributeAst(at, new TypeName(at, "CmdletBinding"), null, null));
        }

        return new ParamBlockAst(at, attributes, ParametersOf(function).Select(each => (ParameterAst)each.Copy()));
    }

    /// <summary>Parameters with their types, so that what is assigned to them later is converted as ever, and nothing else.</summary>
    private static ParamBlockAst? BareParameters(FunctionDefinitionAst function)
    {
        var parameters = ParametersOf(function).ToArray();
        if (parameters.Length == 0)
        {
            return null;
        }

        var at = parameters[0].Extent;
        return new ParamBlockAst(at, null, parameters.Select(each => new ParameterAst(
            each.Extent,
            (VariableExpressionAst)each.Name.Copy(),
            each.Attributes.OfType<TypeConstraintAst>().Select(type => (AttributeBaseAst)type.Copy()).ToArray(),
            null)));
    }

    private static ScriptBlockAst WithParameters(ScriptBlockAst body, IEnumerable<ParameterAst> parameters) => new(
        body.Extent,
        Enumerable.Empty<UsingStatementAst>(),
        Enumerable.Empty<AttributeAst>(),
        new ParamBlockAst(body.Extent, null, parameters.Select(each => (ParameterAst)each.Copy())),
        (NamedBlockAst?)body.BeginBlock?.Copy(),
        (NamedBlockAst?)body.ProcessBlock?.Copy(),
        (NamedBlockAst?)body.EndBlock?.Copy(),
        (NamedBlockAst?)body.CleanBlock?.Copy(),
        (NamedBlockAst?)body.DynamicParamBlock?.Copy());

    private static ScriptBlockAst Root(Ast piece)
    {
        while (piece.Parent is not null)
        {
            piece = piece.Parent;
        }

        return (ScriptBlockAst)piece;
    }

    private static IEnumerable<FunctionDefinitionAst> TopLevel(ScriptBlockAst tree) =>
        tree.EndBlock?.Statements.OfType<FunctionDefinitionAst>() ?? Enumerable.Empty<FunctionDefinitionAst>();

    /// <summary>Checkpoints in methods of classes, which are no part of the workflow.</summary>
    private static void AddMisplacedInTypes(ScriptBlockAst tree, CheckpointPlaces places, List<WorkflowProblem> problems)
    {
        foreach (var type in ScriptTypes.In(tree))
        {
            foreach (CommandAst call in type.FindAll(piece => piece is CommandAst command && (places.Saves(command) || IsCheckpoint(command)), searchNestedScriptBlocks: true))
            {
                problems.Add(new WorkflowProblem(
                    call.Extent,
                    "checkpoint-in-class",
                    $"{WorkflowCommands.NameOf(call)} saves checkpoints, and cannot be called in a method, in the middle of which nothing can go on. Call it in the workflow, behind the call of the method."));
            }
        }
    }

    private static bool IsCheckpoint(CommandAst command) => WorkflowCommands.IsCheckpoint(command) || WorkflowCommands.IsSuspend(command);

    /// <summary>Checkpoints where nothing can go on from.</summary>
    private static void AddMisplaced(FunctionDefinitionAst function, CheckpointPlaces places, List<WorkflowProblem> problems)
    {
        foreach (var block in function.Body.FindAll(piece => piece is ScriptBlockExpressionAst, searchNestedScriptBlocks: false))
        {
            if (block.Parent is CommandAst command && WorkflowCommands.IsInlineScript(command))
            {
                continue;
            }

            foreach (CommandAst call in block.FindAll(piece => piece is CommandAst, searchNestedScriptBlocks: true))
            {
                if (places.Saves(call))
                {
                    problems.Add(new WorkflowProblem(
                        call.Extent,
                        "checkpoint-in-script-block",
                        $"{WorkflowCommands.NameOf(call)} saves checkpoints, and cannot be called in a script block. Use a foreach loop in place of ForEach-Object, or call it on a line of its own."));
                }
            }
        }
    }
}
