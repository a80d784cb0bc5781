#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Security;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Runsmith.PowerShellHost;

/// <summary>One parameter as JSON Schema, with the annotations of src/contract/signature.ts.</summary>
internal static class ParameterSchema
{
    private static readonly Regex s_secretMark = new(@"\s*@secret\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    public static JsonObject Of(ParameterAst parameter, ParameterAttributes attributes, string help, bool markedSecret, ProblemList problems)
    {
        var constraint = parameter.Attributes.OfType<TypeConstraintAst>().FirstOrDefault();
        var type = constraint?.TypeName.GetReflectionType();
        if (constraint is not null && type is null && !IsDefinedInScript(parameter, constraint.TypeName))
        {
            problems.AddWarning(constraint.Extent, "unknown-type", $"The type [{constraint.TypeName.FullName}] is not known here: its values are not checked before the job runs.");
        }

        // PowerShell takes [pscustomobject] for [psobject], which is anything; who writes it means an object.
        bool isObject = "pscustomobject".Equals(constraint?.TypeName.FullName, StringComparison.OrdinalIgnoreCase);
        var schema = isObject ? new JsonObject { ["type"] = "object" } : TypeSchema.Of(type);
        bool isList = schema["type"]?.ToString() == "array";
        AddConstraints(schema, attributes, isList);
        if (constraint is not null)
        {
            schema["x-type"] = constraint.TypeName.FullName;
        }

        bool secret = markedSecret || s_secretMark.IsMatch(help) || type == typeof(SecureString) || type == typeof(SecureString[]);
        var description = s_secretMark.Replace(string.IsNullOrEmpty(help) ? attributes.HelpMessage ?? string.Empty : help, string.Empty).Trim();
        if (description.Length > 0)
        {
            schema["description"] = description;
        }

        if (secret)
        {
            schema["x-secret"] = true;
        }
        else if (parameter.DefaultValue is { } expression
            && ConstantValue.TryRead(expression, out var value)
            && value is not null
            && type != typeof(DateTime) && type != typeof(DateTimeOffset)
            && ConstantValue.ToJson(value, type) is { } json)
        {
            schema["default"] = json;
        }

        if (attributes.Has("AllowNull"))
        {
            AllowNull(schema);
        }

        return schema;
    }

    private static void AddConstraints(JsonObject schema, ParameterAttributes attributes, bool isList)
    {
        // PowerShell checks each element of a list.
        var item = isList ? schema["items"] as JsonObject ?? new JsonObject() : schema;
        if (attributes.Arguments("ValidateSet") is { Length: > 0 } choices && choices.All(choice => choice is string or int))
        {
            item["enum"] = new JsonArray(choices.Select(choice => Choice(choice, item)).ToArray());
        }

        AddRange(item, attributes.Arguments("ValidateRange"));
        if (attributes.Arguments("ValidateLength") is [int least, int most])
        {
            item["minLength"] = least;
            item["maxLength"] = most;
        }

        if (attributes.All("ValidatePattern").FirstOrDefault() is { } pattern)
        {
            AddPattern(item, pattern, attributes);
        }

        if (attributes.Arguments("ValidateCount") is [int fewest, int greatest] && isList)
        {
            schema["minItems"] = fewest;
            schema["maxItems"] = greatest;
        }

        bool mandatory = attributes.IsMandatory;
        bool filled = attributes.Has("ValidateNotNullOrEmpty") || attributes.Has("ValidateNotNullOrWhiteSpace");
        if (item["type"]?.ToString() == "string" && item["enum"] is null && item["format"] is null
            && (filled || (mandatory && !attributes.Has("AllowEmptyString"))))
        {
            item["minLength"] ??= 1;
        }

        if (isList && (filled || (mandatory && !attributes.Has("AllowEmptyCollection"))))
        {
            schema["minItems"] ??= 1;
        }

        if (attributes.Has("ValidateNotNullOrWhiteSpace") && item["type"]?.ToString() == "string")
        {
            item["pattern"] ??= @"\S";
        }

        if (isList && item.Count > 0)
        {
            schema["items"] = item.Parent is null ? item : item.DeepClone();
        }
    }

    private static JsonNode? Choice(object? choice, JsonObject item) =>
        item["type"]?.ToString() is "integer" or "number" && LanguagePrimitives.TryConvertTo<int>(choice, out var number)
            ? number
            : LanguagePrimitives.ConvertTo<string>(choice);

    private static void AddRange(JsonObject item, object?[]? arguments)
    {
        if (arguments is [var least, var most] && Number(least) is { } minimum && Number(most) is { } maximum)
        {
            item["minimum"] = minimum;
            item["maximum"] = maximum;
        }
        else if (arguments is [string kind])
        {
            switch (kind.ToLowerInvariant())
            {
                case "positive":
                    item["exclusiveMinimum"] = 0;
                    item.Remove("minimum");
                    break;
                case "nonnegative":
                    item["minimum"] = 0;
                    break;
                case "negative":
                    item["exclusiveMaximum"] = 0;
                    item.Remove("maximum");
                    break;
                case "nonpositive":
                    item["maximum"] = 0;
                    break;
            }
        }
    }

    private static JsonNode? Number(object? value) => value switch
    {
        int or long or double or decimal or float => ConstantValue.ToJson(value, null),
        _ => null,
    };

    private static void AddPattern(JsonObject item, AttributeAst attribute, ParameterAttributes attributes)
    {
        if (item["type"]?.ToString() != "string" || attributes.Arguments("ValidatePattern") is not [string pattern])
        {
            return;
        }

        // PowerShell ignores case unless told otherwise.
        bool ignoresCase = !ParameterAttributes.TryGetNamed(attribute, "Options", out var options)
            || (options?.ToString() ?? string.Empty).Contains("IgnoreCase", StringComparison.OrdinalIgnoreCase);
        if (options is not (null or "None" or "IgnoreCase"))
        {
            return;
        }

        if (EcmaPattern.From(pattern, ignoresCase) is { } expressed)
        {
            item["pattern"] = expressed;
        }
    }

    private static void AllowNull(JsonObject schema)
    {
        if (schema["type"] is JsonValue type)
        {
            schema["type"] = new JsonArray(type.ToString(), "null");
        }

        if (schema["enum"] is JsonArray choices && !choices.Contains(null))
        {
            choices.Add(null);
        }
    }

    private static bool IsDefinedInScript(Ast node, ITypeName name)
    {
        while (node.Parent is not null)
        {
            node = node.Parent;
        }

        var last = name.FullName.TrimEnd('[', ']');
        return node.FindAll(candidate => candidate is TypeDefinitionAst, searchNestedScriptBlocks: true)
            .Any(definition => ((TypeDefinitionAst)definition).Name.Equals(last, StringComparison.OrdinalIgnoreCase));
    }
}
