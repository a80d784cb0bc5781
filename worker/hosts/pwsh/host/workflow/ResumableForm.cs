#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>
/// The form of a workflow that can go on from within. Statements are numbered from 1 on in the order of the text, and each stands
/// behind a question to the frame (<see cref="WorkflowFrame"/>) whether it is its turn. In a frame that goes on from a checkpoint it is
/// not, until the statement is found at which the checkpoint was saved; conditions and collections on the way there are not
/// evaluated again.
/// </summary>
internal sealed partial class ResumableForm : WorkflowRewriter
{
    /// <summary>Words that are no variable's, for what a statement that is called for its result gave.</summary>
    private readonly Dictionary<Ast, ExpressionAst> _hoisted = new();

    private readonly HashSet<int> _calls = new();
    private readonly bool _savesAfterEach;
    private bool _everywhere;

    public ResumableForm(FunctionDefinitionAst function, CheckpointPlaces places, List<WorkflowProblem> problems)
        : base(function, places, problems)
    {
        _everywhere = places.IsResumableAnywhere(function);
        _savesAfterEach = places.SavesAfterEach(function);
    }

    public IReadOnlySet<int> Calls => _calls;

    public StatementBlockAst Of(ScriptBlockAst body) => Guarded(body.EndBlock.Extent, body.EndBlock.Statements, body.EndBlock.Traps);

    protected override bool IsReplaced(Ast piece) => _hoisted.ContainsKey(piece) || IsWayOutOfTrap(piece) || base.IsReplaced(piece);

    public override StatementAst One(StatementAst statement) => _hoisted.TryGetValue(statement, out var other)
        ? Syntax.Pipeline((ExpressionAst)other.Copy())
        : WayOutOfTrap(statement) ?? base.One(statement);

    protected override ExpressionAst? Replaced(ExpressionAst expression) =>
        _hoisted.TryGetValue(expression, out var other) ? (ExpressionAst)other.Copy() : base.Replaced(expression);

    protected override StatementBlockAst Body(IScriptExtent at, IEnumerable<StatementAst> statements, IEnumerable<TrapStatementAst>? traps) =>
        _everywhere || statements.Any(Places.Holds) || traps?.Any(Places.Holds) == true ? Guarded(at, statements, traps) : base.Body(at, statements, traps);

    private StatementAst[] Guarded(IEnumerable<StatementAst> statements) => statements.SelectMany(Guarded).ToArray();

    private StatementBlockAst GuardedBlock(StatementBlockAst block) => Guarded(block.Extent, block.Statements, block.Traps);

    private IEnumerable<StatementAst> Guarded(StatementAst statement)
    {
        switch (statement)
        {
            case FunctionDefinitionAst function:
                return Definition(function);
            case TypeDefinitionAst:
                return Array.Empty<StatementAst>();
            case BlockStatementAst { Kind.Kind: TokenKind.Sequence } sequence:
                return Guarded(sequence.Body.Statements);
        }

        if (CheckpointPlaces.IsParallel(statement))
        {
            return new[] { ParallelStatement(statement) };
        }

        if (!_everywhere && !Places.Holds(statement))
        {
            return new[] { Leaf(statement) };
        }

        return statement switch
        {
            IfStatementAst choice => new[] { If(choice) },
            WhileStatementAst loop => new[] { While(loop) },
            DoWhileStatementAst loop => new[] { Do(loop, loop.Body) },
            DoUntilStatementAst loop => new[] { Do(loop, loop.Body) },
            ForStatementAst loop => new[] { For(loop) },
            ForEachStatementAst loop => new[] { ForEach(loop) },
            SwitchStatementAst choice => new[] { Switch(choice) },
            TryStatementAst attempt => new[] { Try(attempt) },
            PipelineAst pipeline => Simple(pipeline),
            AssignmentStatementAst assignment => new[] { Assign(assignment) },
            ReturnStatementAst end => Return(end),
            _ => WithHoisted(statement),
        };
    }

    /// <summary>A statement that is done or not, as a whole.</summary>
    private StatementAst Leaf(StatementAst statement) => Leaf(statement, NextNumber(), base.Statement(statement));

    private StatementAst Leaf(StatementAst statement, int number, IEnumerable<StatementAst> content)
    {
        var at = statement.Extent;
        var all = content.ToList();
        AddSaving(statement, number, all);
        return Syntax.If(at, Syntax.OfFrame(at, "Due", number), all);
    }

    /// <summary>Saves a checkpoint behind a statement where it says so.</summary>
    private void AddSaving(StatementAst statement, int number, List<StatementAst> content)
    {
        var at = statement.Extent;
        if (statement is PipelineBaseAst)
        {
            foreach (var command in CheckpointPlaces.Commands(statement).Where(WorkflowCommands.SavesAfterwards))
            {
                var (_, common) = WorkflowCommands.Split(command);
                var (_, value) = common.First(each => each.Parameter.ParameterName.Equals("PSPersist", StringComparison.OrdinalIgnoreCase));
                if (Places.FunctionOf(command) is null)
                {
                    content.Add(OrRefused(at, "SaveIf", number, value is null ? Syntax.Constant(at, true) : Expression(value)));
                }
            }

            if (_savesAfterEach)
            {
                content.Add(OrRefused(at, "SaveIf", number, Syntax.Variable(at, "PSPersistPreference")));
            }
        }
    }

    /// <summary>The frame does something, or the workflow ends with its reason why not.</summary>
    private static StatementAst OrRefused(IScriptExtent at, string method, params object[] arguments) => Syntax.If(
        at,
        Syntax.OfFrame(at, method, arguments),
        new StatementAst[] { new ThrowStatementAst(at, Syntax.Pipeline(Syntax.OfFrame(at, "Refusal"))) });

    private IEnumerable<StatementAst> WithHoisted(StatementAst statement)
    {
        var before = new List<StatementAst>();
        Hoist(statement, before);
        before.Add(Leaf(statement));
        return before;
    }

    private IEnumerable<StatementAst> Simple(PipelineAst pipeline)
    {
        var at = pipeline.Extent;
        var before = new List<StatementAst>();
        if (pipeline.PipelineElements is [CommandAst command])
        {
            if (WorkflowCommands.IsCheckpoint(command) || WorkflowCommands.IsSuspend(command))
            {
                int number = NextNumber();
                var method = WorkflowCommands.IsSuspend(command) ? "Suspend" : "Checkpoint";
                return new[] { Syntax.If(at, Syntax.OfFrame(at, "Due", number), new[] { OrRefused(at, method, number) }) };
            }

            if (Places.Calls(command))
            {
                Hoist(pipeline, before, except: command);
                before.Add(Call(pipeline, command, captures: false, _ => Array.Empty<StatementAst>()));
                return before;
            }
        }
        else if (pipeline.PipelineElements[0] is CommandAst first && Places.Calls(first))
        {
            // What the pipeline has made of the call's output so far could not be saved: the call is done first.
            Hoist(pipeline, before, except: first);
            int number = Count + 1;
            before.Add(Call(pipeline, first, captures: true, _ => Array.Empty<StatementAst>()));
            var taken = new CommandExpressionAst(first.Extent, Syntax.OfFrame(at, "Taken", number), null);
            var rest = new PipelineAst(at, pipeline.PipelineElements.Skip(1).Select(Command).Prepend(taken).ToArray(), background: false);
            before.Add(Leaf(pipeline, NextNumber(), new[] { rest }));
            return before;
        }

        foreach (var later in pipeline.PipelineElements.OfType<CommandAst>().Where(Places.Calls))
        {
            Refuse(later, "checkpoint-in-pipeline", $"{Called(later)}, and cannot be in the middle of a pipeline. Assign what comes before to a variable, and give it as a parameter.");
        }

        Hoist(pipeline, before);
        before.Add(Leaf(pipeline));
        return before;
    }

    /// <summary>A call of a function that can be gone into again.</summary>
    /// <param name="captures">Keep what it gives, in the frame, until it is taken.</param>
    private StatementAst Call(StatementAst statement, CommandAst command, bool captures, Func<int, IEnumerable<StatementAst>> then)
    {
        var at = statement.Extent;
        int number = NextNumber();
        _calls.Add(number);
        var (elements, common) = WorkflowCommands.Split(command);
        var anew = new CommandAst(command.Extent, Elements(elements), command.InvocationOperator, Redirections(command.Redirections));
        var resumed = new CommandAst(
            command.Extent,
            new CommandElementAst[] { (CommandElementAst)Syntax.OfFrame(command.Extent, "Resumed") },
            TokenKind.Ampersand,
            Redirections(command.Redirections));
        var calls = new List<StatementAst>();
        foreach (var (parameter, value) in common)
        {
            if (parameter.ParameterName.Equals("PSPersist", StringComparison.OrdinalIgnoreCase))
            {
                calls.Add(Syntax.Quietly(at, Syntax.OfFrame(at, "SaveWithinNext", value is null ? Syntax.Constant(at, true) : Expression(value))));
            }
            else if (parameter.ParameterName.Equals("PSComputerName", StringComparison.OrdinalIgnoreCase) && value is not null)
            {
                calls.Add(OrRefused(at, "IsElsewhere", WorkflowCommands.NameOf(command) ?? string.Empty, Expression(value)));
            }
        }

        calls.Add(Syntax.Pipeline(at, captures ? new CommandBaseAst[] { anew, Keep(at, number, Syntax.Constant(at, true)) } : new CommandBaseAst[] { anew }));
        var content = new List<StatementAst>
        {
            Syntax.If(
                at,
                Syntax.OfFrame(at, "Reenters", number),
                new[] { Syntax.Pipeline(at, captures ? new CommandBaseAst[] { resumed, Keep(at, number, Syntax.Constant(at, false)) } : new CommandBaseAst[] { resumed }) },
                calls),
        };
        content.AddRange(then(number));
        AddSaving(statement, number, content);
        return Syntax.If(at, Syntax.OfFrame(at, "Enters", number, number), content);
    }

    private static CommandAst Keep(IScriptExtent at, int number, ExpressionAst anew) => Syntax.Command(
        at,
        HiddenCommands.KeepOutput,
        ("Frame", Syntax.Frame(at)),
        ("Statement", Syntax.Constant(at, number)),
        ("Anew", anew));

    private StatementAst ParallelStatement(StatementAst statement)
    {
        var at = statement.Extent;
        int number = NextNumber();
        bool before = _everywhere;
        _everywhere = before || Places.Holds(statement);
        var command = Parallel(statement, number);
        _everywhere = before;
        var content = new List<StatementAst> { Syntax.Pipeline(at, command) };
        return Syntax.If(at, Syntax.OfFrame(at, "Enters", number, number), content);
    }

    private StatementAst Assign(AssignmentStatementAst assignment)
    {
        var at = assignment.Extent;
        StatementAst Taking(int number) => new AssignmentStatementAst(
            at,
            Expression(assignment.Left),
            assignment.Operator,
            new CommandExpressionAst(assignment.Right.Extent, Syntax.OfFrame(at, "Taken", number), null),
            assignment.ErrorPosition);

        var before = new List<StatementAst>();
        switch (assignment.Right)
        {
            case PipelineAst { PipelineElements: [CommandAst command] } pipeline when Places.Calls(command):
                Hoist(pipeline, before, except: command);
                before.Add(Call(assignment, command, captures: true, number => new[] { Taking(number) }));
                return Together(at, before);
            case PipelineAst { PipelineElements: [CommandAst first, ..] } pipeline when Places.Calls(first):
            {
                Hoist(pipeline, before, except: first);
                int call = Count + 1;
                before.Add(Call(assignment, first, captures: true, _ => Array.Empty<StatementAst>()));
                var taken = new CommandExpressionAst(first.Extent, Syntax.OfFrame(at, "Taken", call), null);
                var rest = new PipelineAst(pipeline.Extent, pipeline.PipelineElements.Skip(1).Select(Command).Prepend(taken).ToArray(), background: false);
                before.Add(Leaf(assignment, NextNumber(), new[] { new AssignmentStatementAst(at, Expression(assignment.Left), assignment.Operator, rest, assignment.ErrorPosition) }));
                return Together(at, before);
            }

            case IfStatementAst or LoopStatementAst or SwitchStatementAst or TryStatementAst or BlockStatementAst:
                return Captured(assignment.Right, number => new[] { Taking(number) });
            default:
                Hoist(assignment.Right, before);
                before.Add(Leaf(assignment));
                return Together(at, before);
        }
    }

    private static StatementAst Together(IScriptExtent at, List<StatementAst> statements) =>
        statements.Count == 1 ? statements[0] : Syntax.If(at, Syntax.Constant(at, true), statements);

    private IEnumerable<StatementAst> Return(ReturnStatementAst end)
    {
        if (end.Pipeline is PipelineAst { PipelineElements: [CommandAst command] } pipeline && Places.Calls(command))
        {
            var before = new List<StatementAst>();
            Hoist(pipeline, before, except: command);
            before.Add(Call(end, command, captures: false, _ => Array.Empty<StatementAst>()));
            before.Add(Leaf(end, NextNumber(), new[] { new ReturnStatementAst(end.Extent, null) }));
            return before;
        }

        return WithHoisted(end);
    }

    /// <summary>Has calls that may save checkpoints done before the statement in whose expressions they are.</summary>
    private void Hoist(Ast? within, List<StatementAst> before, CommandAst? except = null)
    {
        if (within is null)
        {
            return;
        }

        HoistStatements(within, before);
        foreach (var command in CheckpointPlaces.Commands(within).Where(each => each != except && Places.Calls(each) && !IsHoisted(each)).ToArray())
        {
            if (command.Parent is not PipelineAst pipeline)
            {
                continue;
            }

            var place = pipeline.Parent switch
            {
                ParenExpressionAst paren => (ExpressionAst)paren,
                StatementBlockAst { Statements.Count: 1, Parent: SubExpressionAst sub } => sub,
                StatementBlockAst { Statements.Count: 1, Parent: ArrayExpressionAst array } => array,
                _ => null,
            };
            if (pipeline.PipelineElements.Count > 1 && pipeline.PipelineElements[0] == command && place is not null && IsAlwaysEvaluated(place, within))
            {
                int piped = Count + 1;
                before.Add(Call(pipeline, command, captures: true, _ => Array.Empty<StatementAst>()));
                var taken = new CommandExpressionAst(command.Extent, Syntax.OfFrame(command.Extent, "Taken", piped), null);
                var rest = new PipelineAst(pipeline.Extent, pipeline.PipelineElements.Skip(1).Select(Command).Prepend(taken).ToArray(), background: false);
                _hoisted[place] = place switch
                {
                    ParenExpressionAst => Syntax.Paren(rest),
                    SubExpressionAst => new SubExpressionAst(place.Extent, Syntax.Block(place.Extent, new StatementAst[] { rest })),
                    _ => new ArrayExpressionAst(place.Extent, Syntax.Block(place.Extent, new StatementAst[] { rest })),
                };
                continue;
            }

            if (place is null || pipeline.PipelineElements.Count > 1 || !IsAlwaysEvaluated(place, within))
            {
                Refuse(
                    command,
                    "checkpoint-in-expression",
                    $"{Called(command)}, and cannot be called from within this expression. Assign its output to a variable on a line before, and use the variable here.");
                continue;
            }

            int number = Count + 1;
            before.Add(Call(pipeline, command, captures: true, _ => Array.Empty<StatementAst>()));
            ExpressionAst output = Syntax.OfFrame(command.Extent, "Taken", number);
            _hoisted[place] = place is ArrayExpressionAst
                ? new ArrayExpressionAst(place.Extent, Syntax.Block(place.Extent, new[] { Syntax.Pipeline(output) }))
                : output;
        }
    }

    /// <summary>Has statements in expressions, such as `@(foreach …)`, done before, where a checkpoint may be saved in them.</summary>
    private void HoistStatements(Ast within, List<StatementAst> before)
    {
        foreach (StatementAst inner in within.FindAll(piece => piece != within && IsToBeHoisted(piece), searchNestedScriptBlocks: false).ToArray())
        {
            if (IsHoisted(inner))
            {
                continue;
            }

            if (inner.Parent is not (HashtableAst or StatementBlockAst { Statements.Count: 1, Parent: SubExpressionAst or ArrayExpressionAst }) || !IsAlwaysEvaluated(inner, within))
            {
                Refuse(
                    inner,
                    "checkpoint-in-expression",
                    "A checkpoint may be saved in this statement, which cannot be part of this expression. Assign its output to a variable on a line before, and use the variable here.");
                continue;
            }

            int number = Count + 1;
            before.Add(Captured(inner, _ => Array.Empty<StatementAst>()));
            _hoisted[inner] = Syntax.OfFrame(inner.Extent, "Taken", number);
        }
    }

    private bool IsToBeHoisted(Ast piece) =>
        piece is IfStatementAst or LoopStatementAst or SwitchStatementAst or TryStatementAst or BlockStatementAst
        && (Places.Holds(piece) || (_everywhere && piece.Find(CheckpointPlaces.IsParallel, searchNestedScriptBlocks: false) is not null));

    private bool IsHoisted(Ast piece)
    {
        for (var around = piece; around is not null; around = around.Parent)
        {
            if (around is StatementAst && _hoisted.ContainsKey(around))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A statement whose output is kept, in the frame, until it is taken.</summary>
    private StatementAst Captured(StatementAst statement, Func<int, IEnumerable<StatementAst>> then)
    {
        var at = statement.Extent;
        if (statement.Find(piece => piece is ReturnStatementAst, searchNestedScriptBlocks: false) is { } end)
        {
            Refuse(end, "return-in-assignment", "A statement whose output is assigned or part of an expression, and which saves checkpoints, cannot hold a `return`. Assign to the variable within it instead.");
        }

        int number = NextNumber();
        var inner = Guarded(statement);
        var block = new CommandAst(at, new[] { Syntax.ScriptBlock(at, inner) }, TokenKind.Dot, null);
        int last = Count;
        return Syntax.If(
            at,
            Syntax.OfFrame(at, "Enters", number, last),
            then(number).Prepend(Syntax.Pipeline(at, block, Keep(at, number, Syntax.Live(at)))));
    }

    /// <summary>Whether an expression is evaluated whenever its statement is: not after `-and`, and not by a loop's condition.</summary>
    private static bool IsAlwaysEvaluated(Ast place, Ast within)
    {
        for (var piece = place; piece != within && piece.Parent is { } parent; piece = parent)
        {
            bool chosen = parent switch
            {
                BinaryExpressionAst { Operator: TokenKind.And or TokenKind.Or or TokenKind.QuestionQuestion } binary => binary.Right == piece,
                TernaryExpressionAst ternary => ternary.Condition != piece,
                PipelineChainAst or ScriptBlockAst or StatementBlockAst { Statements.Count: > 1 } => true,
                _ => false,
            };
            if (chosen)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A condition or a head, whose calls are done before where they can be.</summary>
    private ExpressionAst Head(PipelineBaseAst condition, List<StatementAst> before)
    {
        if (condition is PipelineAst { PipelineElements: [CommandAst command] } && Places.Calls(command))
        {
            int number = Count + 1;
            before.Add(Call(condition, command, captures: true, _ => Array.Empty<StatementAst>()));
            return Syntax.OfFrame(condition.Extent, "Taken", number);
        }

        Hoist(condition, before);
        return Syntax.Paren(Pipeline(condition));
    }

    /// <summary>Why a command has to be a statement of its own.</summary>
    private string Called(CommandAst command) => Places.Calls(command) && !Places.Saves(command)
        ? $"{WorkflowCommands.NameOf(command)} runs beside a branch that saves checkpoints, has to go on from them with it"
        : $"{WorkflowCommands.NameOf(command)} saves checkpoints";

    private void RefuseCalls(PipelineBaseAst? condition)
    {
        if (condition is null)
        {
            return;
        }

        foreach (var command in CheckpointPlaces.Commands(condition).Where(Places.Holds))
        {
            Refuse(command, "checkpoint-in-condition", $"{Called(command)}, and cannot be part of this condition. Assign its output to a variable before, and use the variable here.");
        }
    }

    private StatementAst If(IfStatementAst choice)
    {
        var at = choice.Extent;
        int number = NextNumber();
        var content = new List<StatementAst>();
        var clauses = new List<Tuple<PipelineBaseAst, StatementBlockAst>>();
        foreach (var (condition, body) in choice.Clauses)
        {
            ExpressionAst asked;
            if (clauses.Count == 0)
            {
                asked = Head(condition, content);
            }
            else
            {
                RefuseCalls(condition);
                asked = Syntax.Paren(Pipeline(condition));
            }

            int first = Count + 1;
            var guarded = GuardedBlock(body);
            clauses.Add(Tuple.Create<PipelineBaseAst, StatementBlockAst>(Syntax.Pipeline(Asked(condition.Extent, first, Count, asked)), guarded));
        }

        var otherwise = choice.ElseClause is { } block ? GuardedBlock(block) : null;
        content.Add(new IfStatementAst(at, clauses, otherwise));
        return Syntax.If(at, Syntax.OfFrame(at, "Enters", number, Count), content);
    }

    /// <summary>Holds where the statement to go on with is within, else as the condition says.</summary>
    private static ExpressionAst Asked(IScriptExtent at, int first, int last, ExpressionAst condition) => Syntax.Or(
        at,
        Syntax.OfFrame(at, "Inside", first, last),
        Syntax.And(at, Syntax.Live(at), condition));

    private StatementAst While(WhileStatementAst loop)
    {
        var at = loop.Extent;
        int number = NextNumber();
        RefuseCalls(loop.Condition);
        int first = Count + 1;
        var body = GuardedBlock(loop.Body);
        var asked = Asked(loop.Condition.Extent, first, Count, Syntax.Paren(Pipeline(loop.Condition)));
        var form = new WhileStatementAst(at, loop.Label, Syntax.Pipeline(asked), body);
        return Syntax.If(at, Syntax.OfFrame(at, "Enters", number, Count), new StatementAst[] { form });
    }

    private StatementAst Do(LoopStatementAst loop, StatementBlockAst body)
    {
        var at = loop.Extent;
        int number = NextNumber();
        RefuseCalls(loop.Condition);
        var guarded = GuardedBlock(body);
        var condition = Pipeline(loop.Condition);
        StatementAst form = loop is DoWhileStatementAst
            ? new DoWhileStatementAst(at, loop.Label, condition, guarded)
            : new DoUntilStatementAst(at, loop.Label, condition, guarded);
        return Syntax.If(at, Syntax.OfFrame(at, "Enters", number, Count), new[] { form });
    }

    private StatementAst For(ForStatementAst loop)
    {
        var at = loop.Extent;
        int number = NextNumber();
        RefuseCalls(loop.Initializer);
        RefuseCalls(loop.Condition);
        RefuseCalls(loop.Iterator);
        var content = new List<StatementAst>();
        if (loop.Initializer is { } initializer)
        {
            content.Add(Syntax.If(at, Syntax.Live(at), new StatementAst[] { Pipeline(initializer) }));
        }

        int first = Count + 1;
        var body = GuardedBlock(loop.Body);
        var condition = loop.Condition is { } asked
            ? Syntax.Pipeline(Asked(asked.Extent, first, Count, Syntax.Paren(Pipeline(asked))))
            : null;
        content.Add(new ForStatementAst(at, loop.Label, null, condition, Pipeline(loop.Iterator), body));
        return Syntax.If(at, Syntax.OfFrame(at, "Enters", number, Count), content);
    }

    private StatementAst ForEach(ForEachStatementAst loop)
    {
        var at = loop.Extent;
        int number = NextNumber();
        var content = new List<StatementAst>();
        var items = Head(loop.Condition, content);
        var body = GuardedBlock(loop.Body);
        var variable = loop.Variable.VariablePath.UserPath;
        content.Add(Begin(at, number, Count, items));
        content.Add(new ForEachStatementAst(
            at,
            loop.Label,
            ForEachFlags.None,
            (VariableExpressionAst)Variable(loop.Variable),
            Syntax.Pipeline(Syntax.OfFrame(loop.Condition.Extent, "Items", number, Syntax.Word(at, variable))),
            body));
        return Syntax.If(at, Syntax.OfFrame(at, "Enters", number, Count), content);
    }

    private static StatementAst Begin(IScriptExtent at, int number, int last, ExpressionAst items) => Syntax.If(
        at,
        Syntax.Live(at),
        new[] { Syntax.Pipeline(Syntax.OfFrame(at, "Begin", number, last, items)) });

    private StatementAst Switch(SwitchStatementAst choice)
    {
        var at = choice.Extent;
        if (choice.Flags.HasFlag(SwitchFlags.File))
        {
            Refuse(choice, "checkpoint-in-switch-file", "A checkpoint cannot be saved within `switch -File`. Use `switch (Get-Content …)`.");
        }

        int number = NextNumber();
        var content = new List<StatementAst>();
        var items = Head(choice.Condition, content);
        var clauses = new List<Tuple<ExpressionAst, StatementBlockAst>>();
        int index = 0;
        foreach (var (condition, body) in choice.Clauses)
        {
            int first = Count + 1;
            var guarded = GuardedBlock(body);
            var place = condition.Extent;
            clauses.Add(Tuple.Create(InsideClause(place, number, index, first), (StatementBlockAst)guarded.Copy()));
            clauses.Add(Tuple.Create(
                Expression(condition),
                Syntax.Block(body.Extent, new[] { Syntax.If(body.Extent, Syntax.OfFrame(place, "IsFresh", number, index), new[] { Catches.Contents(guarded) }) })));
            index++;
        }

        StatementBlockAst? otherwise = null;
        if (choice.Default is { } last)
        {
            int first = Count + 1;
            otherwise = GuardedBlock(last);
            clauses.Add(Tuple.Create(InsideClause(last.Extent, number, index, first), (StatementBlockAst)otherwise.Copy()));
        }

        content.Add(Begin(at, number, Count, items));
        content.Add(new SwitchStatementAst(
            at,
            choice.Label,
            Syntax.Pipeline(Syntax.OfFrame(choice.Condition.Extent, "Items", number, Syntax.Word(at, string.Empty))),
            choice.Flags,
            clauses,
            otherwise));
        return Syntax.If(at, Syntax.OfFrame(at, "Enters", number, Count), content);
    }

    private ExpressionAst InsideClause(IScriptExtent at, int number, int index, int first) => Syntax.ScriptBlock(
        at,
        new[] { Syntax.Pipeline(Syntax.OfFrame(at, "InsideClause", number, index, first, Count)) });

    private StatementAst Try(TryStatementAst attempt)
    {
        var at = attempt.Extent;
        int number = NextNumber();
        bool finallyHolds = attempt.Finally is not null && (_everywhere || Places.Holds(attempt.Finally));
        var body = GuardedBlock(attempt.Body);
        var catches = new Catches(number);
        foreach (var clause in attempt.CatchClauses)
        {
            if (!_everywhere && !Places.Holds(clause.Body))
            {
                var plain = Block(clause.Body);
                var forget = Syntax.Quietly(clause.Extent, Syntax.OfFrame(clause.Extent, "Forget", number));
                catches.Add(Catch(clause, finallyHolds ? Syntax.After(forget, plain) : plain));
                continue;
            }

            int first = Count + 1;
            catches.Add(clause.Extent, clause.CatchTypes, GuardedBlock(clause.Body), first, Count);
        }

        int firstOfFinally = Count + 1;
        var last = attempt.Finally is null ? null : finallyHolds ? GuardedBlock(attempt.Finally) : Block(attempt.Finally);
        StatementAst form;
        if (!catches.HoldSome && !finallyHolds)
        {
            form = new TryStatementAst(at, body, catches.Clauses, last);
        }
        else
        {
            form = catches.Around(at, catches.Clauses.Count == 0 ? Catches.Contents(body) : new TryStatementAst(at, body, catches.Clauses, null));
            if (last is not null)
            {
                form = Finally(attempt, number, form, last, finallyHolds ? firstOfFinally : 0);
            }
        }

        return Syntax.If(at, Syntax.OfFrame(at, "Enters", number, Count), new[] { form });
    }

    /// <param name="first">The number of the first statement of a `finally` block that can be gone into again; else 0.</param>
    private StatementAst Finally(TryStatementAst attempt, int number, StatementAst core, StatementBlockAst last, int first)
    {
        var at = attempt.Extent;
        if (first == 0)
        {
            return new TryStatementAst(at, Syntax.Block(at, new[] { core }), Array.Empty<CatchClauseAst>(), last);
        }

        // What ended or left the block before goes on behind the `finally` block, also when that is gone into again.
        var place = attempt.Finally!.Extent;
        var pending = new CatchClauseAst(place, Array.Empty<TypeConstraintAst>(), Syntax.Block(place, new StatementAst[]
        {
            Syntax.Quietly(place, Syntax.OfFrame(place, "Caught", number, Count, Syntax.Variable(place, "_"))),
            new ThrowStatementAst(place, null),
        }));
        var waysOut = new WaysOut(number, Count);
        var begun = Syntax.Quietly(at, Syntax.And(at, Syntax.Live(at), Syntax.OfFrame(at, "Forget", number)));
        var anew = new TryStatementAst(at, Syntax.Block(at, new[] { begun, waysOut.One(core) }), new[] { pending }, (StatementBlockAst)last.Copy());
        var again = Syntax.If(
            place,
            Syntax.OfFrame(place, "HasFailure", number),
            new StatementAst[] { new ThrowStatementAst(place, Syntax.Pipeline(Syntax.OfFrame(place, "Failure", number))) });
        return Syntax.If(
            at,
            Syntax.OfFrame(place, "Inside", first, Count),
            waysOut.Again.Prepend(Catches.Contents(last)).Append(again),
            new StatementAst[] { anew });
    }
}
