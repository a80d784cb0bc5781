#nullable enable
using System;
using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text.Json.Nodes;

namespace Runsmith.PowerShellHost;

/// <summary>Values that stand in a script as constants.</summary>
internal static class ConstantValue
{
    /// <summary>Reads literals, and arrays and hashtables of them; false for whatever would have to run.</summary>
    public static bool TryRead(Ast expression, out object? value)
    {
        value = null;
        if (expression.Find(node => node is VariableExpressionAst variable && !IsConstant(variable), searchNestedScriptBlocks: true) is not null)
        {
            return false;
        }

        try
        {
            value = expression.SafeGetValue();
            if (value is PSObject wrapper)
            {
                value = wrapper.BaseObject;
            }

            return true;
        }
        catch (Exception failure) when (failure is InvalidOperationException or RuntimeException or ArgumentException)
        {
            return false;
        }
    }

    /// <summary>A constant as JSON, as the parameter of this type would have it; null where it has no JSON form.</summary>
    public static JsonNode? ToJson(object? value, Type? type)
    {
        if (value is null)
        {
            return null;
        }

        if (type is { IsArray: true })
        {
            var items = new JsonArray();
            foreach (var item in value is IEnumerable and not (string or IDictionary) ? (IEnumerable)value : new[] { value })
            {
                items.Add(ToJson(item, type.GetElementType()));
            }

            return items;
        }

        var target = type is null ? null : Nullable.GetUnderlyingType(type) ?? type;
        if (target is not null && (target.IsPrimitive || target.IsEnum || target == typeof(string) || target == typeof(decimal))
            && LanguagePrimitives.TryConvertTo(value, target, CultureInfo.InvariantCulture, out var converted))
        {
            value = converted;
        }

        return value switch
        {
            string text => text,
            bool flag => flag,
            SwitchParameter flag => flag.IsPresent,
            int number => number,
            long number => number,
            short number => number,
            byte number => number,
            sbyte number => number,
            ushort number => number,
            uint number => number,
            ulong number => number,
            decimal number => number,
            double number when double.IsFinite(number) => number,
            float number when float.IsFinite(number) => number,
            Enum or char => value.ToString(),
            IDictionary table => TableToJson(table),
            IEnumerable list => ListToJson(list),
            _ => null,
        };
    }

    private static JsonObject TableToJson(IDictionary table)
    {
        var result = new JsonObject();
        foreach (DictionaryEntry entry in table)
        {
            result[Convert.ToString(entry.Key, CultureInfo.InvariantCulture) ?? string.Empty] = ToJson(Bare(entry.Value), null);
        }

        return result;
    }

    private static JsonArray ListToJson(IEnumerable list)
    {
        var result = new JsonArray();
        foreach (var item in list)
        {
            result.Add(ToJson(Bare(item), null));
        }

        return result;
    }

    private static object? Bare(object? value) => value is PSObject wrapper ? wrapper.BaseObject : value;

    private static bool IsConstant(VariableExpressionAst variable) =>
        variable.VariablePath.UserPath.ToLowerInvariant() is "true" or "false" or "null";
}
