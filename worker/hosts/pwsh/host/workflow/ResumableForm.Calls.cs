#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>Calls of what may save checkpoints, each a statement of its own, and what takes their output.</summary>
internal sealed partial class ResumableForm
{
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
}
