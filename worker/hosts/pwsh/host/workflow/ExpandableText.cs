#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation.Language;

namespace Runsmith.PowerShellHost;

/// <summary>
/// Puts a text with expressions in it together from its pieces. Its syntax holds what is written between the expressions only as
/// source, which has PowerShell's parser read it as it would in the text.
/// </summary>
internal static class ExpandableText
{
    /// <param name="replaced">What stands for an expression within.</param>
    public static ExpressionAst Of(ExpandableStringExpressionAst text, Func<ExpressionAst, ExpressionAst> replaced)
    {
        var at = text.Extent;
        var source = at.Text;
        int next = Opening(text);
        int end = source.Length - Closing(text);
        var pieces = new List<ExpressionAst>();
        foreach (var nested in text.NestedExpressions.OrderBy(each => each.Extent.StartOffset))
        {
            AddWords(text, source[next..(nested.Extent.StartOffset - at.StartOffset)], pieces);
            pieces.Add(new ConvertExpressionAst(
                nested.Extent,
                new TypeConstraintAst(nested.Extent, new TypeName(nested.Extent, "string")),
                replaced(nested)));
            next = nested.Extent.EndOffset - at.StartOffset;
        }

        AddWords(text, source[next..end], pieces);
        return Syntax.Paren(Syntax.Pipeline(new UnaryExpressionAst(at, TokenKind.Join, new ArrayLiteralAst(at, pieces))));
    }

    private static int Opening(ExpandableStringExpressionAst text) => text.StringConstantType switch
    {
        StringConstantType.BareWord => 0,
        StringConstantType.DoubleQuotedHereString => text.Extent.Text.IndexOf('\n') + 1,
        _ => 1,
    };

    private static int Closing(ExpandableStringExpressionAst text)
    {
        switch (text.StringConstantType)
        {
            case StringConstantType.BareWord:
                return 0;
            case StringConstantType.DoubleQuotedHereString:
                return text.Extent.Text[^4] == '\r' ? 4 : 3;
            default:
                return 1;
        }
    }

    private static void AddWords(ExpandableStringExpressionAst text, string words, List<ExpressionAst> pieces)
    {
        if (words.Length == 0)
        {
            return;
        }

        var read = text.StringConstantType switch
        {
            // Behind a letter nothing is a parameter or a number.
            StringConstantType.BareWord => Read($"x x{words}")[1..],
            StringConstantType.DoubleQuotedHereString => Read($"x @\"\n{words}\n\"@"),
            _ => Read($"x \"{words}\""),
        };
        pieces.Add(Syntax.Word(text.Extent, read));
    }

    /// <summary>The one argument of a command.</summary>
    private static string Read(string command)
    {
        var tree = Parser.ParseInput(command, out _, out _);
        var word = (StringConstantExpressionAst)((CommandAst)((PipelineAst)tree.EndBlock.Statements[0]).PipelineElements[0]).CommandElements[1];
        return word.Value;
    }
}
