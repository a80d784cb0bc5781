#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>Calls and statements within expressions: they are done before the statement in which the expression is, which takes their output.</summary>
internal sealed partial class ResumableForm
{
    /// <summary>Words that are no variable's, for what a statement that is called for its result gave.</summary>
    private readonly Dictionary<Ast, ExpressionAst> _hoisted = new();

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
}
