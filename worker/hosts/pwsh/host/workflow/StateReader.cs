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
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace Runsmith.PowerShellHost;

/// <summary>Reads what <see cref="StateWriter"/> has written.</summary>
internal sealed class StateReader
{
    private readonly Dictionary<int, JsonObject> _places = new();
    private readonly Dictionary<int, object?> _read = new();

    /// <param name="whole">All that was written by one writer.</param>
    public StateReader(JsonNode? whole) => Find(whole);

    public object? Read(JsonNode? node)
    {
        switch (node)
        {
            case null:
                return null;
            case JsonValue value:
                return value.TryGetValue(out bool truth) ? truth : value.TryGetValue(out int number) ? number : value.GetValue<string>();
        }

        var written = node.AsObject();
        var kind = written["t"]!.GetValue<string>();
        if (kind == "same")
        {
            int known = written["v"]!.GetValue<int>();
            return _read.TryGetValue(known, out var same) ? same : Read(_places[known]);
        }

        int id = written["id"] is { } identity ? identity.GetValue<int>() : -1;
        if (id >= 0 && _read.TryGetValue(id, out var before))
        {
            return before;
        }

        return Whole(kind, written, id);
    }

    private object? Whole(string kind, JsonObject written, int id)
    {
        var content = written["v"];
        switch (kind)
        {
            case "object":
                var custom = new PSObject();
                _read[id] = custom;
                custom.TypeNames.Clear();
                foreach (var name in written["n"]!.AsArray())
                {
                    custom.TypeNames.Add(name!.GetValue<string>());
                }

                foreach (var property in content!.AsArray())
                {
                    custom.Properties.Add(new PSNoteProperty(property![0]!.GetValue<string>(), Read(property[1])));
                }

                return custom;
            case "instance":
                var instance = RuntimeHelpers.GetUninitializedObject(TypeOf(written)!);
                _read[id] = instance;
                foreach (var property in content!.AsArray())
                {
                    Set(instance, property![0]!.GetValue<string>(), Read(property[1]));
                }

                return instance;
            case "array":
                var items = content!.AsArray();
                var array = Array.CreateInstance(TypeOf(written) ?? typeof(object), items.Count);
                _read[id] = array;
                for (int index = 0; index < items.Count; index++)
                {
                    var item = Read(items[index]);
                    if (!array.GetType().GetElementType()!.IsInstanceOfType(item) && item is not null)
                    {
                        // What came back of an object is not of its type any more.
                        array = Untyped(array);
                        _read[id] = array;
                    }

                    array.SetValue(item, index);
                }

                return array;
            case "table":
                var table = NewTable(TypeOf(written), written["ignoresCase"] is not null);
                _read[id] = table;
                foreach (var pair in content!.AsArray())
                {
                    table[Read(pair![0])!] = Read(pair[1]);
                }

                return table;
            case "pair":
                return Pair(TypeOf(written)!, Read(content![0]), Read(content[1]));
            case "list":
                var list = TypeOf(written) is { } type && Activator.CreateInstance(type) is IList made ? made : new ArrayList();
                _read[id] = list;
                foreach (var item in content!.AsArray())
                {
                    list.Add(Read(item));
                }

                return list;
            default:
                var value = Simple(kind, written, content!);
                if (id >= 0)
                {
                    _read[id] = value;
                }

                return value;
        }
    }

    private static void Set(object instance, string name, object? value)
    {
        try
        {
            var property = instance.GetType().GetProperty(name)!;
            property.SetValue(instance, LanguagePrimitives.ConvertTo(value, property.PropertyType, CultureInfo.InvariantCulture));
        }
        catch (Exception failure) when (failure is PSInvalidCastException or TargetInvocationException)
        {
            // What came back of an object is not of the property's type any more.
        }
    }

    private static object? Simple(string kind, JsonObject written, JsonNode? content)
    {
        switch (kind)
        {
            case "nothing":
                return AutomationNull.Value;
            case "switch":
                return new SwitchParameter(content!.GetValue<bool>());
            case "error":
                return ReadError(written);
        }

        var text = content!.GetValue<string>();
        return kind switch
        {
            "secret" => new NetworkCredential(string.Empty, text).SecurePassword,
            "credential" => new PSCredential(written["n"]!.GetValue<string>(), new NetworkCredential(string.Empty, text).SecurePassword),
            "enum" => TypeOf(written) is { } type ? Enum.Parse(type, text) : text,
            "clixml" => PSSerializer.Deserialize(text),
            "type" => ScriptTypes.Find(text),
            "script" => ScriptBlock.Create(text),
            "System.DateTime" => DateTime.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind),
            "System.DateTimeOffset" => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind),
            "System.TimeSpan" => TimeSpan.Parse(text, CultureInfo.InvariantCulture),
            "System.Guid" => Guid.Parse(text),
            "System.Version" => Version.Parse(text),
            "System.Char" => text[0],
            "System.Uri" => new Uri(text, UriKind.RelativeOrAbsolute),
            "System.Byte[]" => Convert.FromBase64String(text),
            "System.Numerics.BigInteger" => System.Numerics.BigInteger.Parse(text, CultureInfo.InvariantCulture),
            _ => Convert.ChangeType(text, Type.GetType(kind)!, CultureInfo.InvariantCulture),
        };
    }

    private static ErrorRecord ReadError(JsonObject written)
    {
        string? Text(string name) => written[name]?.GetValue<string>();
        var error = new ErrorRecord(
            ExceptionOf(Text("x"), Text("m") ?? string.Empty),
            Text("e"),
            Enum.TryParse<ErrorCategory>(Text("c"), out var category) ? category : ErrorCategory.NotSpecified,
            Text("v"));
        if (Text("d") is { } details)
        {
            error.ErrorDetails = new ErrorDetails(details);
        }

        return error;
    }

    /// <summary>An exception of the type that it had, so that the same `catch` blocks are for it, where one can be made of a message alone.</summary>
    private static Exception ExceptionOf(string? typeName, string message)
    {
        var type = typeName is null ? null : Type.GetType(typeName);
        if (type is not null && typeof(Exception).IsAssignableFrom(type))
        {
            // With one argument some types take a name in place of the message.
            foreach (var arguments in new[] { new[] { typeof(string), typeof(Exception) }, new[] { typeof(string) } })
            {
                if (type.GetConstructor(arguments) is { } constructor && Made(constructor, arguments.Length == 2 ? new[] { message, null } : new[] { message }) is { } made)
                {
                    return made;
                }
            }
        }

        return new RemoteException(message);
    }

    private static Exception? Made(ConstructorInfo constructor, object?[] arguments)
    {
        try
        {
            return (Exception)constructor.Invoke(arguments);
        }
        catch (Exception failure) when (failure is TargetInvocationException or MemberAccessException)
        {
            return null;
        }
    }

    private static Array Untyped(Array typed)
    {
        var array = new object?[typed.Length];
        for (int index = 0; index < array.Length; index++)
        {
            array[index] = typed.GetValue(index);
        }

        return array;
    }

    private static IDictionary NewTable(Type? type, bool ignoresCase)
    {
        // PowerShell's own tables do not tell upper from lower case.
        if (type is null || type == typeof(Hashtable))
        {
            return new Hashtable(StringComparer.CurrentCultureIgnoreCase);
        }

        return type == typeof(OrderedDictionary)
            ? new OrderedDictionary(StringComparer.CurrentCultureIgnoreCase)
            : (IDictionary)(ignoresCase ? Activator.CreateInstance(type, StringComparer.OrdinalIgnoreCase) : Activator.CreateInstance(type))!;
    }

    private static object Pair(Type type, object? key, object? value)
    {
        try
        {
            return Activator.CreateInstance(type, key, value)!;
        }
        catch (MissingMethodException)
        {
            // What came back of an object is not of its type any more.
            return new DictionaryEntry(key!, value);
        }
    }

    private static Type? TypeOf(JsonObject written) => ScriptTypes.Find(written["e"]!.GetValue<string>());

    private void Find(JsonNode? node)
    {
        switch (node)
        {
            case JsonArray array:
                foreach (var item in array)
                {
                    Find(item);
                }

                break;
            case JsonObject written:
                if (written["id"] is { } id && written["t"] is not null)
                {
                    _places[id.GetValue<int>()] = written;
                }

                foreach (var (_, value) in written)
                {
                    Find(value);
                }

                break;
        }
    }
}
