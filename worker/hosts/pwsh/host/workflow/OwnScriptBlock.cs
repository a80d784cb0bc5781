#nullable enable
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text.RegularExpressions;

namespace Runsmith.PowerShellHost;

/// <summary>
/// Script blocks for runspaces that run at the same time. PowerShell notes in the syntax itself what it finds out when it compiles it, and two
/// threads at one piece of syntax spoil that for each other; so each has a copy.
/// </summary>
internal static class OwnScriptBlock
{
    /// <param name="body">The body of a function, which stays that of a function of this name; or a script for itself.</param>
    public static ScriptBlock Of(ScriptBlockAst body)
    {
        if (body.Parent is null && body.Find(piece => piece is TypeDefinitionAst, searchNestedScriptBlocks: true) is not null)
        {
            return Again(body.Extent);
        }

        var copy = (ScriptBlockAst)body.Copy();
        if (body.Parent is FunctionDefinitionAst function)
        {
            WorkflowTranslation.Name(copy, function);
        }

        return copy.GetScriptBlock();
    }

    /// <summary>A script with classes, whose constructors are not right in PowerShell's own copies of syntax: it is read again, in its lines.</summary>
    private static ScriptBlock Again(IScriptExtent place)
    {
        int start = place.StartOffset + (place.Text.StartsWith('{') ? 1 : 0);
        int end = place.EndOffset - (place.Text.EndsWith('}') ? 1 : 0);
        var script = place.StartScriptPosition.GetFullScript()!;
        var before = Regex.Replace(script[..start], @"[^\r\n]", " ");
        var tree = Parser.ParseInput(before + script[start..end], place.File, out _, out var errors);
        return errors.Length > 0 ? throw new ParseException(errors) : tree.GetScriptBlock();
    }
}
