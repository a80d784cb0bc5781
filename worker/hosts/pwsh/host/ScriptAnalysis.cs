#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Runsmith.PowerShellHost;

/// <summary>
/// What a script says of itself (`Analysis` of src/contract/analysis.ts), by PowerShell's own parser. Nothing of the script runs.
/// </summary>
internal sealed class ScriptAnalysis
{
    private readonly string _script;
    private readonly ScriptBlockAst _tree;
    private readonly Token[] _tokens;
    private readonly ProblemList _problems = new();
    private readonly FunctionDefinitionAst? _workflow;
    private readonly bool _isParsed;

    /// <param name="name">The runbook's, which a workflow in it has to have.</param>
    public ScriptAnalysis(string name, string source)
    {
        _script = source.StartsWith('\ufeff') ? source[1..] : source;
        _tree = Parser.ParseInput(_script, out _tokens, out var errors);
        _workflow = WorkflowTranslation.IsWorkflow(_tree) ? WorkflowTranslation.MainOf(_tree, name) : null;
        _problems.AddParseErrors(errors, ofWorkflow: _workflow is not null);
        _isParsed = !_problems.HasErrors;
        _problems.AddWhatFailsUnattended(_tree);
        if (_workflow is not null && _isParsed)
        {
            _problems.AddWorkflowProblems(WorkflowTranslation.Of(_tree, name).Problems);
            _problems.AddWorkflowProblems(WorkflowWarnings.Of(_tree));
            _problems.AddOtherName(_workflow, name);
        }
    }

    /// <summary>The workflow as a plain script; null where it is none, or cannot be parsed.</summary>
    public WrittenScript? ReadableScript => _workflow is not null && _isParsed ? PowerShellHost.ReadableScript.Of(_script, _tree, _workflow) : null;

    /// <param name="runspace">Knows which commands are none of a runbook's.</param>
    public void Write(Utf8JsonWriter writer, Runspace runspace)
    {
        _problems.AddWindowsCommands(_tree, runspace);
        var help = ScriptHelp.Of(_script, _tokens, _workflow);
        var declared = _workflow is null ? DeclaredParameters.Of(_tree) : DeclaredParameters.Of(_workflow);
        var signature = SignatureSchema.Of(declared, _tokens, help, _problems);
        var analysis = new JsonObject
        {
            ["signature"] = signature,
            ["needs"] = new JsonArray(StatedNeeds(_tokens).Select(word => (JsonNode)word).ToArray()),
            ["problems"] = _problems.ToJson(),
            ["synopsis"] = help.Synopsis,
            ["calls"] = new JsonArray(CalledRunbooks.Of(_tree, runspace).Select(name => (JsonNode)name).ToArray()),
            ["executable"] = _problems.HasErrors ? null : _script,
        };
        analysis.WriteTo(writer);
    }

    /// <summary>The words of all `#Needs network path:/var/log:rw` lines; src/language/powershell reads and checks them.</summary>
    private static IEnumerable<string> StatedNeeds(Token[] tokens)
    {
        foreach (var token in tokens)
        {
            const string Mark = "#needs";
            if (token.Kind != TokenKind.Comment
                || !token.Text.StartsWith(Mark, StringComparison.OrdinalIgnoreCase)
                || token.Text.Length == Mark.Length
                || !char.IsWhiteSpace(token.Text[Mark.Length]))
            {
                continue;
            }

            foreach (var word in Words(token.Text[Mark.Length..]))
            {
                yield return word;
            }
        }
    }

    /// <summary>Words between spaces and commas; one that holds such is written in double quotes, and stays so.</summary>
    private static IEnumerable<string> Words(string text)
    {
        int start = -1;
        bool quoted = false;
        for (int index = 0; index <= text.Length; index++)
        {
            bool ends = index == text.Length || (!quoted && (char.IsWhiteSpace(text[index]) || text[index] == ','));
            if (ends)
            {
                if (start >= 0)
                {
                    yield return text[start..index];
                    start = -1;
                }

                continue;
            }

            if (start < 0)
            {
                start = index;
            }

            if (text[index] == '"' && (index == 0 || text[index - 1] != '\\'))
            {
                quoted = !quoted;
            }
        }
    }
}
