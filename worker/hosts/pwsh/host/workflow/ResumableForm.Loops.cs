#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>Choices and loops: conditions and collections are not evaluated again on the way to the statement to go on with.</summary>
internal sealed partial class ResumableForm
{
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
}
