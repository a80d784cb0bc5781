#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>
/// Puts what a workflow has and PowerShell 7 has not in terms of PowerShell 7: `parallel`, `InlineScript`, `$workflow:`
/// variables, and the parameters that every activity has. <see cref="ResumableForm"/> does the rest where checkpoints are saved.
/// </summary>
internal class WorkflowRewriter : TreeCopy
{
    private const string Scope = "workflow:";

    private readonly FunctionDefinitionAst _function;
    private readonly HashSet<string> _sharedNames;
    private readonly Dictionary<int, ParallelBlock> _blocks = new();

    /// <summary>Names of variables that, in the branch at hand, stand for those of the workflow.</summary>
    private HashSet<string>? _sharedInBranch;

    private int _count;

    /// <summary>Nothing is put before the body, which runs as PowerShell runs any function.</summary>
    private bool _isWhole;

    public WorkflowRewriter(FunctionDefinitionAst function, CheckpointPlaces places, List<WorkflowProblem> problems)
    {
        _function = function;
        Places = places;
        Problems = problems;
        _sharedNames = function.Body
            .FindAll(piece => piece is VariableExpressionAst variable && IsShared(variable), searchNestedScriptBlocks: true)
            .Select(piece => NameOf((VariableExpressionAst)piece))
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
    }

    public IReadOnlyDictionary<int, ParallelBlock> Blocks => _blocks;

    protected CheckpointPlaces Places { get; }

    protected List<WorkflowProblem> Problems { get; }

    /// <summary>How many statements have a number so far.</summary>
    protected int Count => _count;

    protected int NextNumber() => ++_count;

    protected void Refuse(Ast piece, string code, string message) => Problems.Add(new WorkflowProblem(piece.Extent, code, message));

    protected override bool IsOfInterest(Ast piece) => piece.Find(IsReplaced, searchNestedScriptBlocks: true) is not null;

    protected virtual bool IsReplaced(Ast piece) => piece switch
    {
        VariableExpressionAst variable => IsShared(variable) || IsSharedInBranch(variable) || IsBoundParameters(variable),
        CommandAst command => WorkflowCommands.IsInlineScript(command)
            || WorkflowCommands.HasCommonParameters(command)
            || WorkflowCommands.IsCheckpoint(command)
            || WorkflowCommands.IsSuspend(command),
        BlockStatementAst => true,
        ForEachStatementAst loop => loop.Flags != ForEachFlags.None,
        FunctionDefinitionAst or TypeDefinitionAst => true,
        _ => false,
    };

    protected override IEnumerable<StatementAst> Statement(StatementAst statement) => statement switch
    {
        FunctionDefinitionAst function => Definition(function),
        TypeDefinitionAst => Array.Empty<StatementAst>(), // It is known already.
        BlockStatementAst { Kind.Kind: TokenKind.Sequence } sequence => sequence.Body.Statements.SelectMany(Statement),
        _ => base.Statement(statement),
    };

    /// <summary>
    /// Workflows are known everywhere, wherever they are written. Functions are too; but where several have one name, each place
    /// has its own.
    /// </summary>
    protected IEnumerable<StatementAst> Definition(FunctionDefinitionAst function) => function.IsWorkflow || Places.IsResumable(function)
        ? Array.Empty<StatementAst>()
        : new StatementAst[]
        {
            new FunctionDefinitionAst(
                function.Extent,
                function.IsFilter,
                isWorkflow: false,
                function.Name,
                function.Parameters?.Select(each => (ParameterAst)each.Copy()),
                ScriptBlock(function.Body)),
        };

    public override StatementAst One(StatementAst statement)
    {
        if (CheckpointPlaces.IsParallel(statement))
        {
            int number = NextNumber();
            return Syntax.Pipeline(statement.Extent, Parallel(statement, number));
        }

        return statement is BlockStatementAst sequence
            ? Syntax.If(sequence.Extent, Syntax.Constant(sequence.Extent, true), sequence.Body.Statements.SelectMany(Statement))
            : base.One(statement);
    }

    /// <summary>A function's body that nothing is to be put before.</summary>
    public ScriptBlockAst WholeBody(ScriptBlockAst body)
    {
        _isWhole = true;
        return ScriptBlock(body);
    }

    /// <summary>A call that runs the branches of a block or a loop.</summary>
    protected CommandAst Parallel(StatementAst statement, int number)
    {
        var at = statement.Extent;
        var parameters = new List<(string, ExpressionAst)>
        {
            ("Frame", Syntax.Frame(at)),
            ("Statement", Syntax.Constant(at, number)),
            ("ErrorAction", Syntax.Word(at, "Continue")),
        };
        if (statement is ForEachStatementAst loop)
        {
            // In parentheses, which leave a list of one list what it is.
            var items = Syntax.Paren(Pipeline(loop.Condition));
            parameters.Add(("Items", new TernaryExpressionAst(at, Syntax.OfFrame(at, "BeginsBranches"), items, Syntax.Variable(at, "null"))));
            if (loop.ThrottleLimit is { } limit)
            {
                parameters.Add(("ThrottleLimit", Expression(limit)));
            }

            _blocks[number] = new ParallelBlock
            {
                Place = at,
                Branches = new[] { Branch(loop, loop.Body.Statements, loop.Body.Traps) },
                LoopVariable = loop.Variable.VariablePath.UserPath,
            };
        }
        else
        {
            var block = ((BlockStatementAst)statement).Body;
            _blocks[number] = new ParallelBlock
            {
                Place = at,
                Branches = block.Statements
                    .Where(each => each is not (FunctionDefinitionAst or TypeDefinitionAst))
                    .Select(each => Branch(each, new[] { each }, block.Traps))
                    .ToArray(),
            };
        }

        return Syntax.Command(at, HiddenCommands.Parallel, parameters.ToArray());
    }

    /// <summary>The statements of a branch as they run, with the traps that are for them.</summary>
    protected virtual StatementBlockAst Body(IScriptExtent at, IEnumerable<StatementAst> statements, IEnumerable<TrapStatementAst>? traps) =>
        Syntax.Block(at, statements.SelectMany(Statement).ToArray(), Traps(traps));

    protected override ExpressionAst Variable(VariableExpressionAst variable)
    {
        var at = variable.Extent;
        if (IsBoundParameters(variable))
        {
            return new VariableExpressionAst(at, Syntax.BoundParametersName, variable.Splatted);
        }

        if (_sharedInBranch is null)
        {
            return IsShared(variable) ? new VariableExpressionAst(at, NameOf(variable), variable.Splatted) : base.Variable(variable);
        }

        if (!IsShared(variable) && !IsSharedInBranch(variable))
        {
            return base.Variable(variable);
        }

        var shared = new MemberExpressionAst(at, Syntax.Frame(at), Syntax.Word(at, "Shared"), @static: false);
        return new IndexExpressionAst(at, shared, Syntax.Word(at, NameOf(variable)));
    }

    /// <summary>A text with something to replace in it is put together from its pieces, each of which keeps its place.</summary>
    protected override ExpressionAst Text(ExpandableStringExpressionAst text) => ExpandableText.Of(text, Expression);

    protected override PipelineBaseAst Assignment(AssignmentStatementAst assignment)
    {
        // Branches run at the same time: what one adds must not be lost to another.
        if (_sharedInBranch is not null
            && assignment.Operator != TokenKind.Equals
            && assignment.Left is VariableExpressionAst variable
            && (IsShared(variable) || IsSharedInBranch(variable)))
        {
            var at = assignment.Extent;
            var value = assignment.Right switch
            {
                CommandExpressionAst expression => Expression(expression.Expression),
                PipelineBaseAst pipeline => Syntax.Paren(Pipeline(pipeline)),
                _ => new SubExpressionAst(at, Syntax.Block(at, new[] { One(assignment.Right) })),
            };
            return Change(at, variable, assignment.Operator, value);
        }

        return base.Assignment(assignment);
    }

    protected override ExpressionAst? Replaced(ExpressionAst expression)
    {
        if (_sharedInBranch is not null
            && expression is UnaryExpressionAst { Child: VariableExpressionAst variable } unary
            && (IsShared(variable) || IsSharedInBranch(variable)))
        {
            var at = unary.Extent;
            switch (unary.TokenKind)
            {
                case TokenKind.PlusPlus or TokenKind.PostfixPlusPlus:
                    return ChangeExpression(at, variable, TokenKind.PlusEquals, Syntax.Constant(at, 1));
                case TokenKind.MinusMinus or TokenKind.PostfixMinusMinus:
                    return ChangeExpression(at, variable, TokenKind.MinusEquals, Syntax.Constant(at, 1));
            }
        }

        return base.Replaced(expression);
    }

    protected override CommandBaseAst Command(CommandAst command)
    {
        if (WorkflowCommands.IsCheckpoint(command) || WorkflowCommands.IsSuspend(command))
        {
            RefuseMisplaced(command);
            return (CommandBaseAst)command.Copy();
        }

        if (WorkflowCommands.IsInlineScript(command))
        {
            return InlineScript(command);
        }

        if (!WorkflowCommands.HasCommonParameters(command))
        {
            return base.Command(command);
        }

        var (elements, common) = WorkflowCommands.Split(command);
        var at = command.Extent;
        var own = new VariableExpressionAst(at, ActivityCommand.OwnParameters, splatted: true);
        var bare = new CommandAst(at, Elements(elements).Append(own), command.InvocationOperator, null);
        if (common.All(each => each.Parameter.ParameterName.Equals("PSPersist", StringComparison.OrdinalIgnoreCase)))
        {
            return new CommandAst(at, Elements(elements), command.InvocationOperator, Redirections(command.Redirections));
        }

        // What the pipeline gives to the command goes to it through the script block's own input.
        bool hasInput = command.Parent is PipelineAst pipeline && pipeline.PipelineElements[0] != command;
        var inner = hasInput
            ? Syntax.Pipeline(at, new CommandExpressionAst(at, Syntax.Variable(at, "input"), null), bare)
            : Syntax.Pipeline(at, bare);
        // Within `try` whatever ends the command is told to who runs the block, to try again or to tell on.
        var attempted = new TryStatementAst(
            at,
            Syntax.Block(at, new[] { inner }),
            new[] { new CatchClauseAst(at, Array.Empty<TypeConstraintAst>(), Syntax.Block(at, new[] { new ThrowStatementAst(at, null) })) },
            null);
        var whole = Syntax.Command(
            at,
            HiddenCommands.Activity,
            ("Body", Syntax.ScriptBlock(at, new[] { attempted })),
            ("Name", Syntax.Word(at, WorkflowCommands.NameOf(command) ?? string.Empty)),
            ("Options", Options(at, common)));
        return new CommandAst(at, whole.CommandElements.Select(each => (CommandElementAst)each.Copy()), TokenKind.Ampersand, Redirections(command.Redirections));
    }

    /// <summary>What to write in place of a checkpoint that nothing can go on from is another thing in each place.</summary>
    private void RefuseMisplaced(CommandAst command)
    {
        if (Problems.Any(problem => problem.Place == command.Extent))
        {
            return;
        }

        var name = WorkflowCommands.NameOf(command);
        Refuse(
            command,
            "checkpoint-misplaced",
            IsInForEachObject(command)
                ? $"{name} cannot be in the script block of ForEach-Object, in the middle of which nothing can go on. Write a foreach loop: foreach ($item in …) {{ …; {name} }}."
                : $"{name} can only be a statement of a workflow: not part of a pipeline or an expression, not in a script block, and not in a function with begin, process or end blocks. Put it on a line of its own, after the statement.");
    }

    /// <summary>Whether a variable is what the function was called with, and not what a script block or a function in it was.</summary>
    private bool IsBoundParameters(VariableExpressionAst variable)
    {
        if (_isWhole || !variable.VariablePath.UserPath.Equals(ScopeVariables.BoundParameters, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        for (var around = variable.Parent; around is not null && around != _function; around = around.Parent)
        {
            if (around is FunctionDefinitionAst || (around is ScriptBlockExpressionAst block && !RunsInScopeAround(block)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a script block is one of those that PowerShell runs for each object, as if their statements stood there.</summary>
    private static bool RunsInScopeAround(ScriptBlockExpressionAst block) =>
        block is { ScriptBlock.ParamBlock: null, Parent: CommandAst { InvocationOperator: TokenKind.Unknown } command }
        && WorkflowCommands.NameOf(command)?.ToUpperInvariant() is "FOREACH-OBJECT" or "FOREACH" or "%" or "WHERE-OBJECT" or "WHERE" or "?"
        && !command.CommandElements.Any(element => element is CommandParameterAst { ParameterName: var name } && name.Equals("Parallel", StringComparison.OrdinalIgnoreCase));

    private static bool IsInForEachObject(Ast? piece)
    {
        while (piece is not (null or ScriptBlockExpressionAst))
        {
            piece = piece.Parent;
        }

        return piece?.Parent is CommandAst command
            && WorkflowCommands.NameOf(command)?.ToUpperInvariant() is "FOREACH-OBJECT" or "FOREACH" or "%";
    }

    public static string NameOf(VariableExpressionAst variable)
    {
        var path = variable.VariablePath.UserPath;
        return path.StartsWith(Scope, StringComparison.OrdinalIgnoreCase) ? path[Scope.Length..] : path;
    }

    public static bool IsShared(VariableExpressionAst variable) =>
        variable.VariablePath.UserPath.StartsWith(Scope, StringComparison.OrdinalIgnoreCase);

    private bool IsSharedInBranch(VariableExpressionAst variable) =>
        _sharedInBranch is { } names && names.Contains(variable.VariablePath.UserPath);

    private static PipelineBaseAst Change(IScriptExtent at, VariableExpressionAst variable, TokenKind operation, ExpressionAst value) =>
        Syntax.Pipeline(ChangeExpression(at, variable, operation, value));

    private static ExpressionAst ChangeExpression(IScriptExtent at, VariableExpressionAst variable, TokenKind operation, ExpressionAst value) =>
        Syntax.OfFrame(at, "Change", Syntax.Word(at, NameOf(variable)), operation.ToString(), value);

    private ScriptBlockAst Branch(StatementAst whole, IEnumerable<StatementAst> statements, IEnumerable<TrapStatementAst>? traps)
    {
        var at = whole.Extent;
        var before = _sharedInBranch;
        var assigned = AssignedNames(whole);
        _sharedInBranch = _sharedNames.Where(name => !assigned.Contains(name)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (before is not null)
        {
            _sharedInBranch.IntersectWith(before);
        }

        var enter = Syntax.Assign(
            at,
            Syntax.FrameName,
            Syntax.Call(at, new ConstantExpressionAst(at, WorkflowEntry.Instance), "EnterBranch", Syntax.Variable(at, "ExecutionContext")));
        var block = Syntax.After(enter, Body(at, statements, traps));
        _sharedInBranch = before;
        var body = new ScriptBlockAst(at, paramBlock: null, block, isFilter: false);
        WorkflowTranslation.Name(body, _function);
        return body;
    }

    /// <summary>Variables that a branch has for itself.</summary>
    private static HashSet<string> AssignedNames(StatementAst branch)
    {
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var piece in branch.FindAll(piece => piece is AssignmentStatementAst or ForEachStatementAst, searchNestedScriptBlocks: false))
        {
            var left = piece is AssignmentStatementAst assignment ? assignment.Left : ((ForEachStatementAst)piece).Variable;
            foreach (var variable in left.FindAll(found => found is VariableExpressionAst, searchNestedScriptBlocks: false))
            {
                names.Add(((VariableExpressionAst)variable).VariablePath.UserPath);
            }
        }

        return names;
    }

    private CommandBaseAst InlineScript(CommandAst command)
    {
        var at = command.Extent;
        var (elements, common) = WorkflowCommands.Split(command);
        var body = elements.Skip(1).OfType<ScriptBlockExpressionAst>().FirstOrDefault();
        if (body is null)
        {
            Refuse(command, "inline-script-without-block", "InlineScript takes its script as a block that is written with it: InlineScript { … }.");
            return (CommandBaseAst)command.Copy();
        }

        if (command.Parent is PipelineAst pipeline && pipeline.PipelineElements[0] != command)
        {
            Refuse(command, "inline-script-in-pipeline", "InlineScript takes nothing from a pipeline. Keep what goes into it in a variable before, and read that in the block with $using:.");
        }

        foreach (var inner in body.FindAll(piece => piece is CommandAst, searchNestedScriptBlocks: true).Cast<CommandAst>())
        {
            if (WorkflowCommands.IsCheckpoint(inner) || WorkflowCommands.IsSuspend(inner))
            {
                Refuse(inner, "checkpoint-misplaced", $"{WorkflowCommands.NameOf(inner)} cannot be inside of InlineScript, whose script runs for itself. Put it behind the InlineScript block.");
            }
        }

        var whole = Syntax.Command(
            at,
            HiddenCommands.InlineScript,
            ("Body", (ExpressionAst)body.Copy()),
            ("Options", Options(at, common)),
            ("Shared", SharedWithin(body)));
        var others = elements.Skip(1).Where(element => element != body);
        return new CommandAst(
            at,
            whole.CommandElements.Select(each => (CommandElementAst)each.Copy()).Concat(Elements(others)),
            TokenKind.Ampersand,
            Redirections(command.Redirections));
    }

    /// <summary>The variables that an InlineScript uses and that, in a branch, are not the branch's own.</summary>
    private HashtableAst SharedWithin(ScriptBlockExpressionAst body)
    {
        var used = body
            .FindAll(piece => piece is UsingExpressionAst, searchNestedScriptBlocks: true)
            .SelectMany(use => use.FindAll(piece => piece is VariableExpressionAst variable && IsSharedInBranch(variable), searchNestedScriptBlocks: true))
            .Cast<VariableExpressionAst>()
            .DistinctBy(NameOf, StringComparer.OrdinalIgnoreCase);
        return new HashtableAst(
            body.Extent,
            used.Select(each => Tuple.Create<ExpressionAst, StatementAst>(Syntax.Word(each.Extent, NameOf(each)), Syntax.Pipeline(Variable(each)))).ToArray());
    }

    private ExpressionAst Options(IScriptExtent at, IEnumerable<(CommandParameterAst Parameter, ExpressionAst? Value)> common) => new HashtableAst(
        at,
        common
            .DistinctBy(each => each.Parameter.ParameterName, StringComparer.OrdinalIgnoreCase)
            .Select(each => Tuple.Create<ExpressionAst, StatementAst>(
                Syntax.Word(each.Parameter.Extent, each.Parameter.ParameterName),
                Syntax.Pipeline(each.Value is { } value ? Expression(value) : Syntax.Constant(at, true))))
            .ToArray());
}
