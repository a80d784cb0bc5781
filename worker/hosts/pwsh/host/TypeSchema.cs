#nullable enable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Security;
using System.Text.Json.Nodes;

namespace Runsmith.PowerShellHost;

/// <summary>Which JSON values PowerShell binds to a parameter of a type.</summary>
internal static class TypeSchema
{
    /// <param name="type">Null when the script names no type, or one that is not known here: then any value will do.</param>
    public static JsonObject Of(Type? type)
    {
        if (type is null || type == typeof(object) || type == typeof(PSObject))
        {
            return new JsonObject();
        }

        if (Nullable.GetUnderlyingType(type) is { } bare)
        {
            var schema = Of(bare);
            if (schema["type"] is JsonValue name)
            {
                schema["type"] = new JsonArray(name.ToString(), "null");
            }

            return schema;
        }

        if (type.IsEnum)
        {
            return OfEnumeration(type);
        }

        if (type.IsArray)
        {
            return OfList(type.GetElementType());
        }

        return OfNamed(type);
    }

    private static JsonObject OfNamed(Type type)
    {
        switch (Type.GetTypeCode(type))
        {
            case TypeCode.String:
                return Named("string");
            case TypeCode.Char:
                return new JsonObject { ["type"] = "string", ["minLength"] = 1, ["maxLength"] = 1 };
            case TypeCode.Boolean:
                return Named("boolean");
            case TypeCode.Byte:
                return Integer(byte.MinValue, byte.MaxValue);
            case TypeCode.SByte:
                return Integer(sbyte.MinValue, sbyte.MaxValue);
            case TypeCode.Int16:
                return Integer(short.MinValue, short.MaxValue);
            case TypeCode.UInt16:
                return Integer(ushort.MinValue, ushort.MaxValue);
            case TypeCode.Int32:
                return Integer(int.MinValue, int.MaxValue);
            case TypeCode.UInt32:
                return Integer(uint.MinValue, uint.MaxValue);
            case TypeCode.UInt64:
                return new JsonObject { ["type"] = "integer", ["minimum"] = 0 };
            case TypeCode.Int64:
                return Named("integer");
            case TypeCode.Single or TypeCode.Double or TypeCode.Decimal:
                return Named("number");
            case TypeCode.DateTime:
                return new JsonObject { ["type"] = "string", ["format"] = "date-time" };
        }

        if (type == typeof(SwitchParameter))
        {
            return Named("boolean");
        }

        if (type == typeof(DateTimeOffset))
        {
            return new JsonObject { ["type"] = "string", ["format"] = "date-time" };
        }

        if (type == typeof(Guid))
        {
            return new JsonObject { ["type"] = "string", ["format"] = "uuid" };
        }

        if (type == typeof(PSCredential))
        {
            // Whoever starts the runbook names a credential.
            return new JsonObject { ["type"] = "string", ["minLength"] = 1, ["maxLength"] = 128, ["x-asset"] = "credential" };
        }

        if (type == typeof(SecureString) || IsWrittenAsText(type))
        {
            return Named("string");
        }

        if (typeof(IDictionary).IsAssignableFrom(type))
        {
            return Named("object");
        }

        return typeof(IEnumerable).IsAssignableFrom(type) ? OfList(ElementOf(type)) : new JsonObject();
    }

    private static JsonObject OfList(Type? element)
    {
        var schema = Named("array");
        var items = Of(element);
        if (items.Count > 0)
        {
            schema["items"] = items;
        }

        return schema;
    }

    private static JsonObject OfEnumeration(Type type)
    {
        if (type.IsDefined(typeof(FlagsAttribute), inherit: false))
        {
            // Several names with commas are one value.
            return Named("string");
        }

        return new JsonObject
        {
            ["type"] = "string",
            ["enum"] = new JsonArray(Enum.GetNames(type).Select(name => (JsonNode)name).ToArray()),
        };
    }

    /// <summary>Classes that PowerShell makes from a text, such as [uri], [timespan] or [System.IO.FileInfo].</summary>
    private static bool IsWrittenAsText(Type type) =>
        !typeof(IDictionary).IsAssignableFrom(type)
        && (type.GetMethod("Parse", new[] { typeof(string) }) is not null
            || type.GetMethod("Parse", new[] { typeof(string), typeof(IFormatProvider) }) is not null
            || (type.GetConstructor(new[] { typeof(string) }) is not null && !typeof(IEnumerable).IsAssignableFrom(type))
            || type == typeof(System.Xml.XmlDocument)
            || type == typeof(Type));

    private static Type? ElementOf(Type type) => type.GetInterfaces()
        .Append(type)
        .FirstOrDefault(candidate => candidate.IsGenericType && candidate.GetGenericTypeDefinition() == typeof(IEnumerable<>))
        ?.GetGenericArguments()[0];

    private static JsonObject Named(string name) => new() { ["type"] = name };

    private static JsonObject Integer(long minimum, long maximum) =>
        new() { ["type"] = "integer", ["minimum"] = minimum, ["maximum"] = maximum };
}
