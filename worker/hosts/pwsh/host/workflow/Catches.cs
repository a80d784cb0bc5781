#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>The `catch` blocks of a statement in a form that can go on from within: also from within them, where the error is no longer one.</summary>
internal sealed class Catches
{
    private readonly int _number;
    private readonly List<CatchClauseAst> _clauses = new();
    private readonly List<Tuple<PipelineBaseAst, StatementBlockAst>> _reentered = new();

    /// <param name="number">Of the statement.</param>
    public Catches(int number) => _number = number;

    public IReadOnlyList<CatchClauseAst> Clauses => _clauses;

    /// <summary>Whether one of them can be gone into again.</summary>
    public bool HoldSome => _reentered.Count > 0;

    /// <summary>One that is not gone into again.</summary>
    public void Add(CatchClauseAst clause) => _clauses.Add(clause);

    /// <summary>One that may be gone into again.</summary>
    /// <param name="first">The number of its first statement.</param>
    /// <param name="last">The number of its last one.</param>
    public void Add(IScriptExtent at, IEnumerable<TypeConstraintAst> types, StatementBlockAst guarded, int first, int last)
    {
        var failure = Syntax.Assign(at, "_", Syntax.OfFrame(at, "Failure", _number));
        var again = Contents(WithFailureThrown((StatementBlockAst)guarded.Copy()));
        _reentered.Add(Tuple.Create<PipelineBaseAst, StatementBlockAst>(
            Syntax.Pipeline(Syntax.OfFrame(at, "Inside", first, last)),
            Syntax.Block(at, new[] { failure, again })));
        var caught = Syntax.Quietly(at, Syntax.OfFrame(at, "Caught", _number, last, Syntax.Variable(at, "_")));
        _clauses.Add(new CatchClauseAst(at, types.Select(type => (TypeConstraintAst)type.Copy()), Syntax.After(caught, guarded)));
    }

    /// <summary>A statement with these blocks, in which also goes on what was in one of them.</summary>
    public StatementAst Around(IScriptExtent at, StatementAst attempt) =>
        HoldSome ? new IfStatementAst(at, _reentered, Syntax.Block(at, new[] { attempt })) : attempt;

    /// <summary>A block as one statement.</summary>
    public static StatementAst Contents(StatementBlockAst block) => new IfStatementAst(
        block.Extent,
        new[] { Tuple.Create<PipelineBaseAst, StatementBlockAst>(Syntax.Pipeline(Syntax.Constant(block.Extent, true)), block) },
        null);

    /// <summary>A catch block's statements where they are not in a catch block: a bare `throw` has to be told what to throw.</summary>
    private StatementBlockAst WithFailureThrown(StatementBlockAst block) =>
        block.Find(piece => piece is ThrowStatementAst { Pipeline: null }, searchNestedScriptBlocks: false) is null
            ? block
            : new FailureThrown(_number).Block(block);

    private sealed class FailureThrown : TreeCopy
    {
        private readonly int _number;

        public FailureThrown(int number) => _number = number;

        public override StatementAst One(StatementAst statement) => statement is ThrowStatementAst { Pipeline: null }
            ? new ThrowStatementAst(statement.Extent, Syntax.Pipeline(Syntax.OfFrame(statement.Extent, "Failure", _number)))
            : base.One(statement);

        protected override bool IsOfInterest(Ast piece) =>
            piece.Find(found => found is ThrowStatementAst { Pipeline: null }, searchNestedScriptBlocks: false) is not null;
    }
}
