#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>
/// Makes the syntax that is put around an author's statements. Each piece is given the place of the statement that it is for,
/// so that whatever is told of a place is told of the author's.
/// </summary>
internal static class Syntax
{
    /// <summary>The variable in which a workflow has its frame.</summary>
    public const string FrameName = "__workflow";

    /// <summary>The variable in which a workflow has what it was called with, where it asks for that: branches and checkpoints have it, too.</summary>
    public const string BoundParametersName = "__bound";

    public static VariableExpressionAst Variable(IScriptExtent at, string name) => new(at, name, splatted: false);

    public static ExpressionAst Constant(IScriptExtent at, object value) =>
        value is bool truth ? Variable(at, truth ? "true" : "false") : new ConstantExpressionAst(at, value);

    public static StringConstantExpressionAst Word(IScriptExtent at, string word) => new(at, word, StringConstantType.SingleQuoted);

    public static ExpressionAst Frame(IScriptExtent at) => Variable(at, FrameName);

    /// <summary>A call of a method of the frame.</summary>
    public static ExpressionAst OfFrame(IScriptExtent at, string method, params object[] arguments) => Call(
        at,
        Frame(at),
        method,
        arguments.Select(argument => argument as ExpressionAst ?? Constant(at, argument)).ToArray());

    public static ExpressionAst Call(IScriptExtent at, ExpressionAst target, string method, params ExpressionAst[] arguments) =>
        new InvokeMemberExpressionAst(at, target, Word(at, method), arguments.Length == 0 ? null : arguments, @static: false);

    public static ExpressionAst Live(IScriptExtent at) => new MemberExpressionAst(at, Frame(at), Word(at, "Live"), @static: false);

    public static ExpressionAst Paren(PipelineBaseAst pipeline) => new ParenExpressionAst(pipeline.Extent, pipeline);

    public static ExpressionAst Or(IScriptExtent at, ExpressionAst left, ExpressionAst right) =>
        new BinaryExpressionAst(at, left, TokenKind.Or, right, at);

    public static ExpressionAst And(IScriptExtent at, ExpressionAst left, ExpressionAst right) =>
        new BinaryExpressionAst(at, left, TokenKind.And, right, at);

    public static PipelineAst Pipeline(ExpressionAst expression) =>
        new(expression.Extent, new CommandExpressionAst(expression.Extent, expression, null), background: false);

    public static PipelineAst Pipeline(IScriptExtent at, params CommandBaseAst[] commands) => new(at, commands, background: false);

    public static StatementBlockAst Block(IScriptExtent at, IEnumerable<StatementAst> statements, IEnumerable<TrapStatementAst>? traps = null) =>
        new(at, statements, traps);

    public static StatementAst Assign(IScriptExtent at, string variable, ExpressionAst value) => new AssignmentStatementAst(
        at,
        Variable(at, variable),
        TokenKind.Equals,
        new CommandExpressionAst(value.Extent, value, null),
        at);

    public static StatementAst If(
        IScriptExtent at,
        ExpressionAst condition,
        IEnumerable<StatementAst> then,
        IEnumerable<StatementAst>? otherwise = null) => new IfStatementAst(
            at,
            new[] { Tuple.Create<PipelineBaseAst, StatementBlockAst>(Pipeline(condition), Block(at, then)) },
            otherwise is null ? null : Block(at, otherwise));

    /// <summary>As the condition of an `if` nothing changes `$?`.</summary>
    public static StatementAst Quietly(IScriptExtent at, ExpressionAst call) => If(at, call, Array.Empty<StatementAst>());

    /// <summary>A block with a statement before its own.</summary>
    public static StatementBlockAst After(StatementAst first, StatementBlockAst block) => Block(
        block.Extent,
        block.Statements.Select(Copied).Prepend(first),
        block.Traps?.Select(Copied).ToArray());

    /// <summary>`using` statements as they are: their own <see cref="Ast.Copy"/> does not copy the name in them.</summary>
    public static List<UsingStatementAst> Usings(IEnumerable<UsingStatementAst> usings) => usings
        .Select(each => (each.Alias, each.ModuleSpecification) switch
        {
            ({ } alias, { } specification) => new UsingStatementAst(each.Extent, Copied(alias), Copied(specification)),
            (null, { } specification) => new UsingStatementAst(each.Extent, Copied(specification)),
            ({ } alias, null) => new UsingStatementAst(each.Extent, each.UsingStatementKind, Copied(each.Name), Copied(alias)),
            _ => new UsingStatementAst(each.Extent, each.UsingStatementKind, Copied(each.Name)),
        })
        .ToList();

    /// <summary>A call of a command of the host's own, whatever its name may stand for.</summary>
    public static CommandAst Command(IScriptExtent at, CmdletInfo command, params (string Name, ExpressionAst Value)[] parameters)
    {
        var elements = new List<CommandElementAst> { new ConstantExpressionAst(at, command) };
        foreach (var (name, value) in parameters)
        {
            elements.Add(new CommandParameterAst(at, name, value, at));
        }

        return new CommandAst(at, elements, TokenKind.Ampersand, null);
    }

    public static ScriptBlockExpressionAst ScriptBlock(IScriptExtent at, IEnumerable<StatementAst> statements) => new(
        at,
        new ScriptBlockAst(at, paramBlock: null, Block(at, statements), isFilter: false));

    private static T Copied<T>(T piece)
        where T : Ast => (T)piece.Copy();
}
