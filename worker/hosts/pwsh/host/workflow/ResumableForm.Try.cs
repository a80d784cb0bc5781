#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>`try` statements: also their `catch` and `finally` blocks can be gone into again.</summary>
internal sealed partial class ResumableForm
{
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
