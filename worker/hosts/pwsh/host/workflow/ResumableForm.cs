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
}
