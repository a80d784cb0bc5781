#nullable enable
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using System.Reflection;
using System.Text;

namespace Runsmith.PowerShellHost;

/// <summary>
/// The classes and enums of a workflow's text, as a script of their own: the same text, in the same lines, with nothing else in it. Each
/// runspace of the job runs it, and has the same types by that.
/// </summary>
internal sealed class ScriptTypes
{
    /// <summary>As PowerShell calls what it puts its classes into.</summary>
    private const string AssemblyName = "PowerShell Class Assembly";

    /// <summary>Methods run in the runspace that calls them. Without it they would wait for the one that made the object, which waits for its branches.</summary>
    private const string AnyRunspace = "[NoRunspaceAffinity()]";

    /// <summary>What the syntax of the workflow, which speaks of the types, knows of them. It is not public.</summary>
    private static readonly PropertyInfo s_type = typeof(TypeDefinitionAst).GetProperty("Type", BindingFlags.Instance | BindingFlags.NonPublic)
        ?? throw new NotSupportedException($"Runsmith does not know PowerShell {EngineVersion.Text} yet. Set RUNSMITH_PWSH to an earlier version.");

    private static readonly ConcurrentDictionary<string, Type> s_defined = new(StringComparer.Ordinal);

    private readonly TypeDefinitionAst[] _originals;
    private readonly ScriptBlockAst _tree;
    private readonly ScriptBlock _script;

    private ScriptTypes(TypeDefinitionAst[] originals, ScriptBlockAst tree)
    {
        _originals = originals;
        _tree = tree;
        _script = tree.GetScriptBlock();
    }

    /// <summary>Null where a text has none.</summary>
    /// <param name="script">What the tree was made of.</param>
    public static ScriptTypes? Of(string script, string file, ScriptBlockAst tree)
    {
        var types = In(tree);
        if (types.Length == 0)
        {
            return null;
        }

        var alone = Parser.ParseInput(TextOf(script, types, tree.UsingStatements), file, out _, out var errors);
        return errors.Length > 0 ? throw new ParseException(errors) : new ScriptTypes(types, alone);
    }

    /// <summary>The types of a text, but for those of InlineScript, which has its own.</summary>
    public static TypeDefinitionAst[] In(ScriptBlockAst tree) => tree
        .FindAll(piece => piece is TypeDefinitionAst, searchNestedScriptBlocks: true)
        .Cast<TypeDefinitionAst>()
        .Where(type => !WorkflowCommands.IsInInlineScript(type))
        .ToArray();

    /// <summary>A type by its full name; also one of a script, of an earlier attempt of the job, too.</summary>
    public static Type? Find(string name)
    {
        if (!name.Contains(AssemblyName, StringComparison.Ordinal))
        {
            return Type.GetType(name);
        }

        var own = s_defined.Values.FirstOrDefault()?.Assembly;
        return Type.GetType(
            name,
            assembly => assembly.Name == AssemblyName ? own : Assembly.Load(assembly),
            (assembly, typeName, _) => assembly is null ? null : assembly == own ? s_defined.GetValueOrDefault(typeName) : assembly.GetType(typeName));
    }

    /// <summary>Whether a type is a class of a script that holds nothing but what its properties say.</summary>
    public static bool IsClass(Type type)
    {
        var oldest = type;
        while (oldest?.FullName is { } name && s_defined.GetValueOrDefault(name) == oldest)
        {
            oldest = oldest.BaseType;
        }

        return type.IsClass && oldest == typeof(object) && type != oldest;
    }

    /// <summary>Makes the types known in a runspace.</summary>
    public void Define(Runspace runspace)
    {
        using var shell = PowerShell.Create();
        shell.Runspace = runspace;
        shell.AddCommand("Microsoft.PowerShell.Core\\Invoke-Command").AddParameter("ScriptBlock", _script).AddParameter("NoNewScope").Invoke();
        foreach (var (original, defined) in _originals.Zip(In(_tree)))
        {
            var type = (Type)s_type.GetValue(defined)!;
            s_type.SetValue(original, type);
            s_defined[type.FullName!] = type;
        }
    }

    private static string TextOf(string script, TypeDefinitionAst[] types, IEnumerable<UsingStatementAst> usings)
    {
        var text = new StringBuilder(script.Length);
        foreach (var character in script)
        {
            text.Append(character is '\r' or '\n' ? character : ' ');
        }

        foreach (var place in usings.Select(each => each.Extent).Concat(types.Select(each => each.Extent)))
        {
            for (int index = place.StartOffset; index < place.EndOffset; index++)
            {
                text[index] = script[index];
            }

            // What comes next may stand in the same line.
            if (place.EndOffset < text.Length && text[place.EndOffset] == ' ')
            {
                text[place.EndOffset] = ';';
            }
        }

        // From the last one on, so that the places of those before stay what they are.
        foreach (var type in types.Where(type => type.IsClass).Reverse())
        {
            text.Insert(PlaceBefore(text, type.Extent.StartOffset), ";" + AnyRunspace);
        }

        return text.ToString();
    }

    /// <summary>The end of the line before, where a line begins with the class, so that its columns stay what they are.</summary>
    private static int PlaceBefore(StringBuilder text, int start)
    {
        int place = start;
        while (place > 0 && text[place - 1] == ' ')
        {
            place--;
        }

        if (place == 0 || text[place - 1] != '\n')
        {
            return start;
        }

        return place > 1 && text[place - 2] == '\r' ? place - 2 : place - 1;
    }
}
