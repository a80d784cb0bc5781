#nullable enable
using System;
using System.Collections;
using System.Collections.Generic;
using System.Collections.Specialized;
using System.Globalization;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Internal;
using System.Net;
using System.Runtime.CompilerServices;
using System.Security;
using System.Text.Json.Nodes;

namespace Runsmith.PowerShellHost;

/// <summary>
/// Writes values so that they can be had again in another process. Plain values, collections, custom objects, credentials and
/// errors come back as they were, and what referred to one thing twice does so again; of any other object comes back what
/// Export-Clixml keeps of it.
/// </summary>
internal sealed class StateWriter
{
    /// <summary>Levels that are kept of objects that come back as mere lists of properties.</summary>
    private const int ObjectDepth = 2;

    /// <summary>Levels of objects and lists within each other; each takes up to three of JSON's.</summary>
    private const int DeepestValue = 300;

    private readonly Dictionary<object, int> _written = new(ReferenceComparer.Instance);

    /// <summary>Of what is being written.</summary>
    private int _depth;

    public JsonNode? Write(object? value)
    {
        if (ReferenceEquals(value, AutomationNull.Value))
        {
            return new JsonObject { ["t"] = "nothing" };
        }

        var wrapper = value as PSObject;
        var bare = wrapper is null ? value : wrapper.BaseObject;
        switch (bare)
        {
            case null:
                return null;
            case string text when !HasOwnMembers(wrapper):
                return JsonValue.Create(text);
            case bool truth when !HasOwnMembers(wrapper):
                return JsonValue.Create(truth);
            case int number when !HasOwnMembers(wrapper):
                return JsonValue.Create(number);
        }

        if (!HasOwnMembers(wrapper) && Simple(bare) is { } simple)
        {
            return simple;
        }

        object identity = bare is PSCustomObject ? wrapper! : bare;
        if (!identity.GetType().IsValueType)
        {
            if (_written.TryGetValue(identity, out int known))
            {
                return new JsonObject { ["t"] = "same", ["v"] = known };
            }

            _written[identity] = _written.Count;
        }

        int id = _written.Count - 1;
        if (++_depth > DeepestValue)
        {
            throw new InvalidOperationException(
                $"A value has more than {DeepestValue} levels of objects and lists within each other, which is too deep to be kept or copied. Give objects the names of others in place of the objects themselves, or keep them in a list.");
        }

        var node = Whole(wrapper, bare);
        _depth--;
        if (!identity.GetType().IsValueType)
        {
            node["id"] = id;
        }

        return node;
    }

    private static bool HasOwnMembers(PSObject? wrapper) =>
        wrapper is not null && wrapper.BaseObject is not PSCustomObject && wrapper.Properties.Any(property =>
            property is not PSProperty && property.IsInstance && !ProviderMembers.Contains(property.Name));

    /// <summary>Values that a text says in full.</summary>
    private static JsonObject? Simple(object value)
    {
        string? text = value switch
        {
            DateTime date => date.ToString("o", CultureInfo.InvariantCulture),
            DateTimeOffset date => date.ToString("o", CultureInfo.InvariantCulture),
            double number => number.ToString("R", CultureInfo.InvariantCulture),
            float number => number.ToString("R", CultureInfo.InvariantCulture),
            TimeSpan span => span.ToString("c", CultureInfo.InvariantCulture),
            Guid or Version or char or System.Numerics.BigInteger => value.ToString(),
            Uri address => address.OriginalString,
            byte or sbyte or short or ushort or uint or long or ulong or decimal => ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture),
            byte[] bytes => Convert.ToBase64String(bytes),
            Type type => type.AssemblyQualifiedName,
            ScriptBlock block => block.ToString(),
            _ => null,
        };
        if (text is not null)
        {
            var kind = value is Type ? "type" : value is ScriptBlock ? "script" : value.GetType().FullName;
            return new JsonObject { ["t"] = kind, ["v"] = text };
        }

        return value switch
        {
            SwitchParameter given => new JsonObject { ["t"] = "switch", ["v"] = given.IsPresent },
            Enum => new JsonObject { ["t"] = "enum", ["e"] = value.GetType().AssemblyQualifiedName, ["v"] = value.ToString() },
            _ => null,
        };
    }

    private JsonObject Whole(PSObject? wrapper, object bare)
    {
        switch (bare)
        {
            case SecureString secret:
                return new JsonObject { ["t"] = "secret", ["v"] = new NetworkCredential(string.Empty, secret).Password };
            case PSCredential credential:
                return new JsonObject
                {
                    ["t"] = "credential",
                    ["n"] = credential.UserName,
                    ["v"] = credential.Password is null ? string.Empty : new NetworkCredential(string.Empty, credential.Password).Password,
                };
            case ErrorRecord error:
                return WriteError(error);
            case PSCustomObject:
                return new JsonObject
                {
                    ["t"] = "object",
                    ["n"] = new JsonArray(wrapper!.TypeNames.Select(name => (JsonNode)JsonValue.Create(name)).ToArray()),
                    ["v"] = new JsonArray(wrapper.Properties
                        .Where(property => property.IsGettable)
                        .Select(property => (JsonNode)new JsonArray(property.Name, Write(ValueOf(property))))
                        .ToArray()),
                };
            case Array { Rank: 1 } array when !HasOwnMembers(wrapper):
                return new JsonObject { ["t"] = "array", ["e"] = NameOf(array.GetType().GetElementType()!), ["v"] = Items(array) };
        }

        if (!HasOwnMembers(wrapper) && PairOf(bare) is var (key, paired))
        {
            return new JsonObject { ["t"] = "pair", ["e"] = NameOf(bare.GetType()), ["v"] = new JsonArray(Write(key), Write(paired)) };
        }

        if (!HasOwnMembers(wrapper) && bare.GetType() is { Namespace: { } space } type
            && space.StartsWith("System.Collections", StringComparison.Ordinal)
            && type.GetConstructor(Type.EmptyTypes) is not null)
        {
            if (bare is IDictionary table)
            {
                var pairs = new JsonArray();
                foreach (DictionaryEntry pair in table)
                {
                    pairs.Add(new JsonArray(Write(pair.Key), Write(pair.Value)));
                }

                var written = new JsonObject { ["t"] = "table", ["e"] = NameOf(type), ["v"] = pairs };
                if (ReferenceEquals(type.GetProperty("Comparer")?.GetValue(table), StringComparer.OrdinalIgnoreCase))
                {
                    written["ignoresCase"] = true;
                }

                return written;
            }

            if (bare is IList list)
            {
                return new JsonObject { ["t"] = "list", ["e"] = NameOf(type), ["v"] = Items(list) };
            }
        }

        if (ScriptTypes.IsClass(bare.GetType()))
        {
            return new JsonObject
            {
                ["t"] = "instance",
                ["e"] = NameOf(bare.GetType()),
                ["v"] = new JsonArray(bare.GetType()
                    .GetProperties()
                    .Where(property => property.CanWrite && property.GetMethod is { IsStatic: false })
                    .Select(property => (JsonNode)new JsonArray(property.Name, Write(property.GetValue(bare))))
                    .ToArray()),
            };
        }

        return new JsonObject { ["t"] = "clixml", ["v"] = ProviderMembers.WithoutLarge(PSSerializer.Serialize(wrapper ?? bare, ObjectDepth)) };
    }

    /// <summary>What a table gives when it is enumerated.</summary>
    private static (object? Key, object? Value)? PairOf(object value)
    {
        if (value is DictionaryEntry entry)
        {
            return (entry.Key, entry.Value);
        }

        var type = value.GetType();
        return type.IsGenericType && type.GetGenericTypeDefinition() == typeof(KeyValuePair<,>)
            ? (type.GetProperty("Key")!.GetValue(value), type.GetProperty("Value")!.GetValue(value))
            : null;
    }

    private JsonArray Items(IEnumerable items)
    {
        var written = new JsonArray();
        foreach (var item in items)
        {
            written.Add(Write(item));
        }

        return written;
    }

    private JsonObject WriteError(ErrorRecord error) => new()
    {
        ["t"] = "error",
        ["m"] = error.Exception.Message,
        ["x"] = NameOf(error.Exception.GetType()),
        ["e"] = error.FullyQualifiedErrorId,
        ["c"] = error.CategoryInfo.Category.ToString(),
        ["d"] = error.ErrorDetails?.Message,
        ["p"] = error.InvocationInfo?.PositionMessage,
        ["s"] = error.ScriptStackTrace,
        ["v"] = error.TargetObject?.ToString(),
    };

    private static object? ValueOf(PSPropertyInfo property)
    {
        try
        {
            return property.Value;
        }
        catch (GetValueException)
        {
            return null;
        }
    }

    private static string NameOf(Type type) => type.AssemblyQualifiedName ?? "System.Object";

    private sealed class ReferenceComparer : IEqualityComparer<object>
    {
        public static readonly ReferenceComparer Instance = new();

        bool IEqualityComparer<object>.Equals(object? left, object? right) => ReferenceEquals(left, right);

        int IEqualityComparer<object>.GetHashCode(object value) => RuntimeHelpers.GetHashCode(value);
    }
}
