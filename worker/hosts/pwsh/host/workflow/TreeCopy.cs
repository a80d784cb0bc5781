#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>Copies syntax piece by piece, so that who derives from it can put something else in a piece's place.</summary>
internal abstract class TreeCopy
{
    /// <summary>Whether something within may be replaced; what is not is copied whole.</summary>
    protected abstract bool IsOfInterest(Ast piece);

    protected virtual CommandBaseAst Command(CommandAst command) =>
        new CommandAst(command.Extent, Elements(command.CommandElements), command.InvocationOperator, Redirections(command.Redirections));

    protected virtual ExpressionAst Variable(VariableExpressionAst variable) => (ExpressionAst)variable.Copy();

    protected virtual ExpressionAst Text(ExpandableStringExpressionAst text) => (ExpressionAst)text.Copy();

    /// <summary>What stands for a statement; may be nothing, or several.</summary>
    protected virtual IEnumerable<StatementAst> Statement(StatementAst statement) => new[] { One(statement) };

    public StatementBlockAst Block(StatementBlockAst block) => new(
        block.Extent,
        block.Statements.SelectMany(Statement).ToArray(),
        Traps(block.Traps));

    protected IEnumerable<TrapStatementAst>? Traps(IEnumerable<TrapStatementAst>? traps) => traps?
        .Select(trap => new TrapStatementAst(trap.Extent, (TypeConstraintAst?)trap.TrapType?.Copy(), Block(trap.Body)))
        .ToArray();

    public virtual StatementAst One(StatementAst statement)
    {
        if (!IsOfInterest(statement))
        {
            return (StatementAst)statement.Copy();
        }

        var at = statement.Extent;
        switch (statement)
        {
            case CommandExpressionAst expression:
                return Command(expression);
            case PipelineBaseAst pipeline:
                return Pipeline(pipeline);
            case IfStatementAst choice:
                return new IfStatementAst(
                    at,
                    choice.Clauses.Select(clause => Tuple.Create(Pipeline(clause.Item1), Block(clause.Item2))).ToArray(),
                    choice.ElseClause is { } otherwise ? Block(otherwise) : null);
            case WhileStatementAst loop:
                return new WhileStatementAst(at, loop.Label, Pipeline(loop.Condition), Block(loop.Body));
            case DoWhileStatementAst loop:
                return new DoWhileStatementAst(at, loop.Label, Pipeline(loop.Condition), Block(loop.Body));
            case DoUntilStatementAst loop:
                return new DoUntilStatementAst(at, loop.Label, Pipeline(loop.Condition), Block(loop.Body));
            case ForStatementAst loop:
                return new ForStatementAst(
                    at,
                    loop.Label,
                    Pipeline(loop.Initializer),
                    Pipeline(loop.Condition),
                    Pipeline(loop.Iterator),
                    Block(loop.Body));
            case ForEachStatementAst loop:
                return new ForEachStatementAst(
                    at,
                    loop.Label,
                    ForEachFlags.None,
                    (VariableExpressionAst)loop.Variable.Copy(),
                    Pipeline(loop.Condition),
                    Block(loop.Body));
            case SwitchStatementAst choice:
                return new SwitchStatementAst(
                    at,
                    choice.Label,
                    Pipeline(choice.Condition),
                    choice.Flags,
                    choice.Clauses.Select(clause => Tuple.Create(Expression(clause.Item1), Block(clause.Item2))).ToArray(),
                    choice.Default is { } last ? Block(last) : null);
            case TryStatementAst attempt:
                return new TryStatementAst(
                    at,
                    Block(attempt.Body),
                    attempt.CatchClauses.Select(clause => Catch(clause, Block(clause.Body))).ToArray(),
                    attempt.Finally is { } always ? Block(always) : null);
            case ReturnStatementAst end:
                return new ReturnStatementAst(at, Pipeline(end.Pipeline));
            case ThrowStatementAst end:
                return new ThrowStatementAst(at, Pipeline(end.Pipeline));
            case ExitStatementAst end:
                return new ExitStatementAst(at, Pipeline(end.Pipeline));
            default:
                return (StatementAst)statement.Copy();
        }
    }

    protected static CatchClauseAst Catch(CatchClauseAst clause, StatementBlockAst body) => new(
        clause.Extent,
        clause.CatchTypes.Select(type => (TypeConstraintAst)type.Copy()).ToArray(),
        body);

    protected PipelineBaseAst Pipeline(PipelineBaseAst? pipeline)
    {
        switch (pipeline)
        {
            case null:
                return null!;
            case PipelineAst simple:
                return new PipelineAst(simple.Extent, simple.PipelineElements.Select(Command).ToArray(), simple.Background);
            case PipelineChainAst chain:
                return new PipelineChainAst(
                    chain.Extent,
                    (ChainableAst)Pipeline(chain.LhsPipelineChain),
                    (PipelineAst)Pipeline(chain.RhsPipeline),
                    chain.Operator,
                    chain.Background);
            case AssignmentStatementAst assignment:
                return Assignment(assignment);
            default:
                return (PipelineBaseAst)pipeline.Copy();
        }
    }

    protected virtual PipelineBaseAst Assignment(AssignmentStatementAst assignment) => new AssignmentStatementAst(
        assignment.Extent,
        Expression(assignment.Left),
        assignment.Operator,
        Right(assignment.Right),
        assignment.ErrorPosition);

    /// <summary>What is assigned, a statement of any kind.</summary>
    protected StatementAst Right(StatementAst right) => right is CommandExpressionAst expression
        ? new CommandExpressionAst(expression.Extent, Expression(expression.Expression), Redirections(expression.Redirections))
        : One(right);

    protected CommandBaseAst Command(CommandBaseAst command) => command switch
    {
        CommandAst call => IsOfInterest(call) ? Command(call) : (CommandBaseAst)call.Copy(),
        CommandExpressionAst expression => new CommandExpressionAst(
            expression.Extent,
            Expression(expression.Expression),
            Redirections(expression.Redirections)),
        _ => (CommandBaseAst)command.Copy(),
    };

    protected IEnumerable<CommandElementAst> Elements(IEnumerable<CommandElementAst> elements) => elements.Select(Element).ToArray();

    protected CommandElementAst Element(CommandElementAst element) => element is CommandParameterAst parameter
        ? new CommandParameterAst(
            parameter.Extent,
            parameter.ParameterName,
            parameter.Argument is { } argument ? Expression(argument) : null,
            parameter.ErrorPosition)
        : Expression((ExpressionAst)element);

    protected IEnumerable<RedirectionAst> Redirections(IEnumerable<RedirectionAst> redirections) => redirections
        .Select(redirection => redirection is FileRedirectionAst file
            ? new FileRedirectionAst(file.Extent, file.FromStream, Expression(file.Location), file.Append)
            : (RedirectionAst)redirection.Copy())
        .ToArray();

    protected ScriptBlockAst ScriptBlock(ScriptBlockAst block)
    {
        if (!IsOfInterest(block))
        {
            return (ScriptBlockAst)block.Copy();
        }

        return new ScriptBlockAst(
            block.Extent,
            Syntax.Usings(block.UsingStatements),
            block.Attributes.Select(each => (AttributeAst)each.Copy()).ToArray(),
            Parameters(block.ParamBlock),
            Named(block.BeginBlock),
            Named(block.ProcessBlock),
            Named(block.EndBlock),
            Named(block.CleanBlock),
            Named(block.DynamicParamBlock));
    }

    protected ParamBlockAst? Parameters(ParamBlockAst? block) => block is null
        ? null
        : new ParamBlockAst(
            block.Extent,
            block.Attributes.Select(each => (AttributeAst)each.Copy()).ToArray(),
            block.Parameters.Select(Parameter).ToArray());

    protected ParameterAst Parameter(ParameterAst parameter) => new(
        parameter.Extent,
        (VariableExpressionAst)parameter.Name.Copy(),
        parameter.Attributes.Select(each => (AttributeBaseAst)each.Copy()).ToArray(),
        parameter.DefaultValue is { } value ? Expression(value) : null);

    protected ExpressionAst Expression(ExpressionAst expression)
    {
        if (!IsOfInterest(expression))
        {
            return (ExpressionAst)expression.Copy();
        }

        return Replaced(expression) ?? CopyOf(expression);
    }

    /// <summary>What stands for an expression in place of its copy; null when nothing does.</summary>
    protected virtual ExpressionAst? Replaced(ExpressionAst expression) => null;

    private NamedBlockAst? Named(NamedBlockAst? block) => block is null
        ? null
        : new NamedBlockAst(
            block.Extent,
            block.BlockKind,
            new StatementBlockAst(block.Extent, block.Statements.SelectMany(Statement).ToArray(), Traps(block.Traps)),
            block.Unnamed);

    private ExpressionAst CopyOf(ExpressionAst expression)
    {
        var at = expression.Extent;
        switch (expression)
        {
            case VariableExpressionAst variable:
                return Variable(variable);
            case ExpandableStringExpressionAst text:
                return Text(text);
            case ArrayExpressionAst array:
                return new ArrayExpressionAst(at, Block(array.SubExpression));
            case SubExpressionAst sub:
                return new SubExpressionAst(at, Block(sub.SubExpression));
            case ArrayLiteralAst array:
                return new ArrayLiteralAst(at, array.Elements.Select(Expression).ToArray());
            case ConvertExpressionAst conversion:
                return new ConvertExpressionAst(at, (TypeConstraintAst)conversion.Type.Copy(), Expression(conversion.Child));
            case AttributedExpressionAst attributed:
                return new AttributedExpressionAst(at, (AttributeBaseAst)attributed.Attribute.Copy(), Expression(attributed.Child));
            case BinaryExpressionAst binary:
                return new BinaryExpressionAst(at, Expression(binary.Left), binary.Operator, Expression(binary.Right), binary.ErrorPosition);
            case UnaryExpressionAst unary:
                return new UnaryExpressionAst(at, unary.TokenKind, Expression(unary.Child));
            case TernaryExpressionAst ternary:
                return new TernaryExpressionAst(at, Expression(ternary.Condition), Expression(ternary.IfTrue), Expression(ternary.IfFalse));
            case HashtableAst table:
                return new HashtableAst(
                    at,
                    table.KeyValuePairs.Select(pair => Tuple.Create(Expression(pair.Item1), Value(pair.Item2))).ToArray());
            case IndexExpressionAst index:
                return new IndexExpressionAst(at, Expression(index.Target), Expression(index.Index), index.NullConditional);
            case InvokeMemberExpressionAst call:
                return new InvokeMemberExpressionAst(
                    at,
                    Expression(call.Expression),
                    Element(call.Member),
                    call.Arguments?.Select(Expression).ToArray(),
                    call.Static,
                    call.NullConditional,
                    call.GenericTypeArguments);
            case MemberExpressionAst member:
                return new MemberExpressionAst(
                    at,
                    Expression(member.Expression),
                    Element(member.Member),
                    member.Static,
                    member.NullConditional);
            case ParenExpressionAst paren:
                return new ParenExpressionAst(at, Pipeline(paren.Pipeline));
            case ScriptBlockExpressionAst block:
                return new ScriptBlockExpressionAst(at, ScriptBlock(block.ScriptBlock));
            default:
                return (ExpressionAst)expression.Copy();
        }
    }

    /// <summary>The value of a hashtable's entry: a pipeline, or a statement such as `if`.</summary>
    private StatementAst Value(StatementAst value) => value is PipelineBaseAst pipeline ? Pipeline(pipeline) : One(value);
}
