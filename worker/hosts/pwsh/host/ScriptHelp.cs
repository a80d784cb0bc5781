#nullable enable
using System;
using System.Collections.Generic;
using System.Management.Automation.Language;
using System.Text;
using System.Text.RegularExpressions;

namespace Runsmith.PowerShellHost;

/// <summary>The comment-based help of a script, or of the workflow that it is, as far as a signature shows it.</summary>
internal sealed class ScriptHelp
{
    private static readonly Regex s_statement = new("^#(needs|requires)\\s", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    private readonly CommentHelpInfo? _help;

    private ScriptHelp(CommentHelpInfo? help)
    {
        _help = help;
    }

    /// <summary>The first paragraph of what the script says of itself, on one line.</summary>
    public string Synopsis => FirstParagraph(string.IsNullOrWhiteSpace(_help?.Synopsis) ? _help?.Description : _help.Synopsis);

    /// <param name="workflow">The workflow that the script is; help may stand within it, above it, or at the top of the file.</param>
    public static ScriptHelp Of(string script, Token[] tokens, FunctionDefinitionAst? workflow = null)
    {
        try
        {
            // PowerShell takes comments without an empty line between them for one; these two are no help, though.
            var bare = new StringBuilder(script);
            foreach (var token in tokens)
            {
                if (token.Kind == TokenKind.Comment && s_statement.IsMatch(token.Text))
                {
                    int start = token.Extent.StartOffset;
                    bare.Remove(start, token.Text.Length).Insert(start, new string(' ', token.Text.Length));
                }
            }

            var tree = Parser.ParseInput(bare.ToString(), out _, out _);
            var help = workflow is null ? null : SameFunction(tree, workflow)?.GetHelpContent();
            return new ScriptHelp(help ?? tree.GetHelpContent());
        }
        catch (Exception)
        {
            // A tree with errors may have no place for help; its problems are reported anyway.
            return new ScriptHelp(null);
        }
    }

    /// <summary>`.PARAMETER Name` of the help; empty when there is none.</summary>
    public string OfParameter(string name)
    {
        if (_help?.Parameters is { } parameters)
        {
            foreach (var (key, text) in parameters)
            {
                if (key.Equals(name, StringComparison.OrdinalIgnoreCase))
                {
                    return text.Trim().ReplaceLineEndings("\n");
                }
            }
        }

        return string.Empty;
    }

    /// <summary>The function of another tree that begins where this one does.</summary>
    private static FunctionDefinitionAst? SameFunction(ScriptBlockAst tree, FunctionDefinitionAst function) => (FunctionDefinitionAst?)tree.Find(
        node => node is FunctionDefinitionAst && node.Extent.StartOffset == function.Extent.StartOffset,
        searchNestedScriptBlocks: false);

    private static string FirstParagraph(string? text)
    {
        var lines = new List<string>();
        foreach (var line in (text ?? string.Empty).Trim().ReplaceLineEndings("\n").Split('\n'))
        {
            if (string.IsNullOrWhiteSpace(line))
            {
                break;
            }

            lines.Add(line.Trim());
        }

        return string.Join(' ', lines);
    }
}
