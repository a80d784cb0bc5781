#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text.Json.Nodes;

namespace Runsmith.PowerShellHost;

/// <summary>The param block of a script, or of a workflow, as JSON Schema 2020-12 (`Signature` of src/contract/signature.ts).</summary>
internal static class SignatureSchema
{
    public static JsonObject Of(DeclaredParameters declared, Token[] tokens, ScriptHelp help, ProblemList problems)
    {
        var properties = new JsonObject();
        var required = new JsonArray();
        var positions = Positions(declared);
        bool advanced = IsAdvanced(declared);
        foreach (var parameter in declared.Parameters)
        {
            var name = parameter.Name.VariablePath.UserPath;
            if (properties.ContainsKey(name))
            {
                continue; // The parser has reported the double.
            }

            if (advanced && Cmdlet.CommonParameters.Contains(name))
            {
                var having = declared.IsOfWorkflow ? "Every workflow" : "Every script with [CmdletBinding()] or [Parameter()]";
                problems.AddError(parameter.Name.Extent, "common-parameter", $"{having} has the parameter -{name} already. Choose another name.");
            }

            var attributes = new ParameterAttributes(parameter);
            var schema = ParameterSchema.Of(parameter, attributes, DescriptionOf(parameter, name, tokens, help), IsMarkedSecret(parameter, tokens), problems);
            if (positions.TryGetValue(name, out var position))
            {
                schema["x-position"] = position;
            }

            properties[name] = schema;
            if (attributes.IsMandatory)
            {
                required.Add(name);
            }
        }

        return new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["type"] = "object",
            ["properties"] = properties,
            ["required"] = required,
            ["additionalProperties"] = false,
        };
    }

    /// <summary>Explicit positions where there are any, else the order of declaration, as PowerShell's binder has it.</summary>
    private static Dictionary<string, int> Positions(DeclaredParameters declared)
    {
        var positions = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach (var parameter in declared.Parameters)
        {
            if (new ParameterAttributes(parameter).Position is { } position)
            {
                positions[parameter.Name.VariablePath.UserPath] = position;
            }
        }

        if (positions.Count > 0 || !IsPositional(declared))
        {
            return positions;
        }

        int next = 0;
        foreach (var parameter in declared.Parameters)
        {
            if (parameter.StaticType != typeof(SwitchParameter))
            {
                positions[parameter.Name.VariablePath.UserPath] = next++;
            }
        }

        return positions;
    }

    private static bool IsPositional(DeclaredParameters declared)
    {
        var binding = declared.Attributes.FirstOrDefault(attribute => ParameterAttributes.Is(attribute, "CmdletBinding"));
        return binding is null || !ParameterAttributes.TryGetNamed(binding, "PositionalBinding", out var value) || value is not false;
    }

    private static bool IsAdvanced(DeclaredParameters declared) =>
        declared.IsOfWorkflow
        || declared.Attributes.Any(attribute => ParameterAttributes.Is(attribute, "CmdletBinding"))
        || declared.Parameters.Any(parameter => parameter.Attributes.OfType<AttributeAst>().Any(attribute => ParameterAttributes.Is(attribute, "Parameter")));

    /// <summary>The help's words, or else the comment lines right above the parameter.</summary>
    private static string DescriptionOf(ParameterAst parameter, string name, Token[] tokens, ScriptHelp help)
    {
        var text = help.OfParameter(name);
        if (text.Length > 0)
        {
            return text;
        }

        var lines = new List<string>();
        int line = parameter.Extent.StartLineNumber - 1;
        foreach (var token in Enumerable.Reverse(tokens))
        {
            if (token.Kind == TokenKind.Comment
                && token.Extent.StartLineNumber == line
                && token.Extent.EndLineNumber == line
                && token.Text.StartsWith('#')
                && IsAlone(token, tokens))
            {
                lines.Insert(0, token.Text.TrimStart('#').Trim());
                line--;
            }
        }

        return string.Join(' ', lines).Trim();
    }

    /// <summary>A comment with `@secret` on the parameter's own lines, or alone on the line above it.</summary>
    private static bool IsMarkedSecret(ParameterAst parameter, Token[] tokens)
    {
        int first = parameter.Extent.StartLineNumber;
        int last = parameter.Extent.EndLineNumber;
        foreach (var token in tokens)
        {
            if (token.Kind != TokenKind.Comment || !token.Text.Contains("@secret", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            int line = token.Extent.EndLineNumber;
            if ((line >= first && line <= last) || (line == first - 1 && IsAlone(token, tokens)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsAlone(Token comment, Token[] tokens) => tokens.All(token =>
        token == comment
        || token.Kind is TokenKind.NewLine or TokenKind.EndOfInput
        || token.Extent.EndLineNumber < comment.Extent.StartLineNumber
        || token.Extent.StartLineNumber > comment.Extent.EndLineNumber);
}
