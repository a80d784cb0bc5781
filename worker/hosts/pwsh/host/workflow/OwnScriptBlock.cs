#nullable enable
using System.Management.Automation;
using System.Management.Automation.Language;

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
        var copy = (ScriptBlockAst)body.Copy();
        if (body.Parent is FunctionDefinitionAst function)
        {
            WorkflowTranslation.Name(copy, function);
        }

        return copy.GetScriptBlock();
    }
}
