#nullable enable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Management.Automation;
using System.Security;
using System.Text.Json;

namespace Runsmith.PowerShellHost;

/// <summary>
/// A parameter's JSON as PowerShell's own binder can take it. The binder makes dates, enumerations, GUIDs, switches and
/// so on itself; only what it would refuse from a plain value is made here, by the type that the script declares.
/// </summary>
internal static class ParameterValue
{
    public static object? Read(JsonElement json, string declaredType)
    {
        var type = declaredType.Trim();
        if (type.EndsWith("[]", StringComparison.Ordinal) && json.ValueKind == JsonValueKind.Array)
        {
            return ReadArray(json, type[..^2]);
        }

        switch (ShortName(type))
        {
            case "securestring" when json.ValueKind == JsonValueKind.String:
                return Secure(json.GetString()!);
            case "pscredential" or "credential" when json.ValueKind == JsonValueKind.Object:
                return ReadCredential(json);
            case "hashtable" or "idictionary" or "ordered" or "ordereddictionary":
                return ReadPlain(json, asHashtable: true);
            default:
                return ReadPlain(json, asHashtable: false);
        }
    }

    private static object? ReadPlain(JsonElement json, bool asHashtable) => json.ValueKind switch
    {
        JsonValueKind.String => json.GetString(),
        JsonValueKind.Number => ReadNumber(json),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Array => ReadItems(json, item => ReadPlain(item, asHashtable)),
        JsonValueKind.Object => asHashtable ? ReadHashtable(json) : ReadObject(json),
        _ => null,
    };

    private static object ReadArray(JsonElement json, string itemType) => ReadItems(json, item => Read(item, itemType));

    private static object?[] ReadItems(JsonElement json, Func<JsonElement, object?> read)
    {
        var items = new List<object?>(json.GetArrayLength());
        foreach (var item in json.EnumerateArray())
        {
            items.Add(read(item));
        }

        return items.ToArray();
    }

    private static object ReadNumber(JsonElement json)
    {
        if (json.TryGetInt32(out var small))
        {
            return small;
        }

        if (json.TryGetInt64(out var large))
        {
            return large;
        }

        // As PowerShell's own literals: a fraction is a double, unless only a decimal can hold a whole number.
        return json.GetRawText().AsSpan().IndexOfAny('.', 'e', 'E') < 0 && json.TryGetDecimal(out var whole)
            ? whole
            : json.GetDouble();
    }

    private static Hashtable ReadHashtable(JsonElement json)
    {
        var table = new Hashtable(StringComparer.OrdinalIgnoreCase);
        foreach (var property in json.EnumerateObject())
        {
            table[property.Name] = ReadPlain(property.Value, asHashtable: true);
        }

        return table;
    }

    private static PSObject ReadObject(JsonElement json)
    {
        var result = new PSObject();
        foreach (var property in json.EnumerateObject())
        {
            var value = ReadPlain(property.Value, asHashtable: false);
            if (result.Properties[property.Name] is { } twin)
            {
                twin.Value = value;
            }
            else
            {
                result.Properties.Add(new PSNoteProperty(property.Name, value));
            }
        }

        return result;
    }

    private static object ReadCredential(JsonElement json)
    {
        string userName = string.Empty;
        string password = string.Empty;
        foreach (var property in json.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.String)
            {
                continue;
            }

            if (property.Name.Equals("userName", StringComparison.OrdinalIgnoreCase))
            {
                userName = property.Value.GetString()!;
            }
            else if (property.Name.Equals("password", StringComparison.OrdinalIgnoreCase))
            {
                password = property.Value.GetString()!;
            }
        }

        return new PSCredential(userName, Secure(password));
    }

    private static SecureString Secure(string text)
    {
        var secret = new SecureString();
        foreach (var character in text)
        {
            secret.AppendChar(character);
        }

        secret.MakeReadOnly();
        return secret;
    }

    private static string ShortName(string type)
    {
        var name = type[(type.LastIndexOf('.') + 1)..];
        return name.ToLowerInvariant();
    }
}
