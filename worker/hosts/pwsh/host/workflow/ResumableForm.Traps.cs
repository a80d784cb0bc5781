#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>
/// Traps with checkpoints in them: each statement of their block is a `try` of its own, whose `catch` blocks they are. Other traps stay
/// what they are.
/// </summary>
internal sealed partial class ResumableForm
{
    /// <summary>The loop, done once, that a trap's statements are in: `continue` leaves it.</summary>
    private const string TrapLabel = "__trap";

    /// <summary>Statements, with the traps that are for them.</summary>
    private StatementBlockAst Guarded(IScriptExtent at, IEnumerable<StatementAst> statements, IEnumerable<TrapStatementAst>? traps)
    {
        if (traps?.Any(trap => Places.Holds(trap.Body)) != true)
        {
            return Syntax.Block(at, Guarded(statements), Traps(traps));
        }

        var byType = traps.OrderByDescending(Depth).ToArray();
        return Syntax.Block(at, statements.SelectMany(statement => Trapped(statement, byType)).ToArray());
    }

    private IEnumerable<StatementAst> Trapped(StatementAst statement, TrapStatementAst[] traps)
    {
        if (statement is FunctionDefinitionAst or TypeDefinitionAst)
        {
            return Guarded(statement);
        }

        var at = statement.Extent;
        int number = NextNumber();
        var body = Syntax.Block(at, Guarded(statement));
        var catches = new Catches(number);
        foreach (var trap in traps)
        {
            foreach (var known in _hoisted.Keys.Where(piece => IsWithin(piece, trap)).ToArray())
            {
                // It was for the statement before.
                _hoisted.Remove(known);
            }

            int first = Count + 1;
            var guarded = TrapBody(trap, number);
            var types = trap.TrapType is { } type ? new[] { type } : Array.Empty<TypeConstraintAst>();
            catches.Add(trap.Extent, types, guarded, first, Count);
        }

        return new[] { Syntax.If(at, Syntax.OfFrame(at, "Enters", number, Count), new[] { catches.Around(at, new TryStatementAst(at, body, catches.Clauses, null)) }) };
    }

    /// <summary>A trap's statements, behind which the error is told, and the statement after the one that failed comes next.</summary>
    private StatementBlockAst TrapBody(TrapStatementAst trap, int number)
    {
        var at = trap.Extent;
        int loop = NextNumber();
        var body = GuardedBlock(trap.Body);
        var stops = new BinaryExpressionAst(at, Syntax.Variable(at, "ErrorActionPreference"), TokenKind.Ieq, Syntax.Word(at, "Stop"), at);
        var tell = Syntax.Pipeline(at, Syntax.Command(at, HiddenCommands.TellError, ("ErrorRecord", Syntax.OfFrame(at, "Failure", number))));
        var rethrown = new ThrowStatementAst(at, null);
        var told = Syntax.If(at, Syntax.OfFrame(at, "Due", NextNumber()), new[] { Syntax.If(at, stops, new[] { rethrown }, new[] { tell }) });
        var whole = Syntax.Block(at, body.Statements.Select(each => (StatementAst)each.Copy()).Append(told), Traps(body.Traps));
        var once = new DoWhileStatementAst(at, TrapLabel, Syntax.Pipeline(Syntax.Constant(at, false)), whole);
        return Syntax.Block(at, new[] { Syntax.If(at, Syntax.OfFrame(at, "Enters", loop, Count), new StatementAst[] { once }) });
    }

    /// <summary>What a way out of a trap is where the trap is a `catch` block.</summary>
    private StatementAst? WayOutOfTrap(StatementAst statement) => IsWayOutOfTrap(statement)
        ? statement is BreakStatementAst
            ? new ThrowStatementAst(statement.Extent, null)
            : new ContinueStatementAst(statement.Extent, Syntax.Word(statement.Extent, TrapLabel))
        : null;

    private bool IsWayOutOfTrap(Ast piece)
    {
        if (piece is not (BreakStatementAst or ContinueStatementAst))
        {
            return false;
        }

        for (var around = piece.Parent; around is not null; around = around.Parent)
        {
            switch (around)
            {
                case TrapStatementAst:
                    return around.Parent is StatementBlockAst { Traps: { } beside } && beside.Any(trap => Places.Holds(trap.Body))
                        || around.Parent is NamedBlockAst { Traps: { } others } && others.Any(trap => Places.Holds(trap.Body));
                case LoopStatementAst or SwitchStatementAst or ScriptBlockAst:
                    return false;
            }
        }

        return false;
    }

    private static bool IsWithin(Ast piece, Ast whole)
    {
        for (var around = piece; around is not null; around = around.Parent)
        {
            if (around == whole)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>How special the errors are that a trap is for: the most special comes first, as PowerShell has it.</summary>
    private static int Depth(TrapStatementAst trap)
    {
        int depth = trap.TrapType is null ? -1 : 0;
        for (var type = trap.TrapType?.TypeName.GetReflectionType(); type is not null; type = type.BaseType)
        {
            depth++;
        }

        return depth;
    }
}
