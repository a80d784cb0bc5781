#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation.Language;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Runsmith.PowerShellHost;

/// <summary>
/// What a script says of itself (`Analysis` of src/contract/analysis.ts), by PowerShell's own parser. Nothing of the script runs.
/// </summary>
internal static class ScriptAnalysis
{
    public static void Write(Utf8JsonWriter writer, string script) => Analyse(script).WriteTo(writer);

    private static JsonObject Analyse(string source)
    {
        var script = source.StartsWith('\ufeff') ? source[1..] : source;
        var tree = Parser.ParseInput(script, out var tokens, out var errors);
        var help = ScriptHelp.Of(script, tokens);
        var problems = new ProblemList();
        problems.AddParseErrors(errors);
        problems.AddWhatFailsUnattended(tree);
        var signature = SignatureSchema.Of(tree, tokens, help, problems);
        return new JsonObject
        {
            ["signature"] = signature,
            ["needs"] = new JsonArray(StatedNeeds(tokens).Select(word => (JsonNode)word).ToArray()),
            ["problems"] = problems.ToJson(),
            ["synopsis"] = help.Synopsis,
            ["executable"] = problems.HasErrors ? null : script,
        };
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
