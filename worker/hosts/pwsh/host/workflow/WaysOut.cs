#nullable enable
using System.Collections.Generic;
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>
/// Has a `return`, `break` or `continue` that leaves a `try` be noted in the frame: a `finally` block that is gone into again
/// leaves the same way behind it.
/// </summary>
internal sealed class WaysOut : TreeCopy
{
    private readonly int _number;
    private readonly int _last;
    private readonly List<StatementAst> _again = new();

    /// <param name="number">The number of the `try`.</param>
    /// <param name="last">That of its last statement.</param>
    public WaysOut(int number, int last)
    {
        _number = number;
        _last = last;
    }

    /// <summary>What leaves again where that was noted.</summary>
    public IReadOnlyList<StatementAst> Again => _again;

    public override StatementAst One(StatementAst statement)
    {
        if (!Leaves(statement))
        {
            return base.One(statement);
        }

        var at = statement.Extent;
        int way = _again.Count;
        // What a `return` gives has been given before the `finally` block began.
        var bare = statement is ReturnStatementAst ? new ReturnStatementAst(at, null) : (StatementAst)statement.Copy();
        _again.Add(Syntax.If(at, Syntax.OfFrame(at, "HasLeft", _number, way), new[] { bare }));
        return Syntax.If(at, Syntax.Constant(at, true), new[]
        {
            Syntax.If(at, Syntax.OfFrame(at, "Caught", _number, _last, way), new List<StatementAst>()),
            (StatementAst)statement.Copy(),
        });
    }

    protected override bool IsOfInterest(Ast piece) => piece.Find(IsWayOut, searchNestedScriptBlocks: false) is not null;

    private static bool IsWayOut(Ast piece) => piece is ReturnStatementAst or BreakStatementAst or ContinueStatementAst;

    /// <summary>Whether it goes to what is around the `try`, and not to a loop within.</summary>
    private static bool Leaves(StatementAst statement)
    {
        if (!IsWayOut(statement))
        {
            return false;
        }

        var label = statement switch
        {
            BreakStatementAst end => end.Label,
            ContinueStatementAst end => end.Label,
            _ => null,
        };
        for (var around = statement.Parent; around is not null; around = around.Parent)
        {
            if (around is TrapStatementAst)
            {
                return false;
            }

            if (around is LoopStatementAst or SwitchStatementAst
                && statement is not ReturnStatementAst
                && (label is null || (label is StringConstantExpressionAst { Value: var name } && name.Equals(((LabeledStatementAst)around).Label, System.StringComparison.OrdinalIgnoreCase))))
            {
                return false;
            }
        }

        return true;
    }
}
