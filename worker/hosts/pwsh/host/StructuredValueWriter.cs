#nullable enable
using System;
using System.Buffers;
using System.Collections;
using System.Diagnostics;
using System.Globalization;
using System.Management.Automation;
using System.Numerics;
using System.Security;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Runsmith.PowerShellHost;

/// <summary>
/// Turns an object of the pipeline into JSON within bounds: two levels of nesting, 64 KiB, a tenth of a second of
/// getters, two seconds of all. What fails or does not fit is left out, and the value is marked as cut.
/// </summary>
internal sealed class StructuredValueWriter
{
    private const int Depth = 2;
    private const int SizeLimit = 64 * 1024;

    /// <summary>Kept free for the brackets and names that close what is open.</summary>
    private const int Reserve = 512;

    /// <summary>For what runs code of others. Only that is counted: on a busy machine plain data may take as long.</summary>
    private static readonly long GetterTimeLimit = Stopwatch.Frequency / 10;

    private static readonly long TimeLimit = 2 * Stopwatch.Frequency;

    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private readonly Utf8JsonWriter _writer;
    private long _started;
    private long _getterTime;
    private bool _cut;

    public StructuredValueWriter()
    {
        _writer = new Utf8JsonWriter(_buffer, new JsonWriterOptions
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            SkipValidation = true,
        });
    }

    private int Remaining => SizeLimit - Reserve - _writer.BytesPending - (int)_writer.BytesCommitted;

    /// <summary>The JSON is valid until the next call.</summary>
    public StructuredValue Write(object value)
    {
        _buffer.ResetWrittenCount();
        _writer.Reset(_buffer);
        _cut = false;
        _started = Stopwatch.GetTimestamp();
        _getterTime = 0;
        WriteValue(value, 0);
        _writer.Flush();
        return new StructuredValue(_buffer.WrittenMemory, _cut);
    }

    private void WriteValue(object? value, int level)
    {
        var wrapper = value as PSObject;
        var bare = wrapper is null ? value : wrapper.BaseObject;
        if (WriteScalar(bare))
        {
            return;
        }

        switch (bare)
        {
            case ErrorRecord error:
                ErrorValue.Write(_writer, error);
                break;
            case PSCustomObject:
                WriteProperties(wrapper!, level);
                break;
            case IDictionary dictionary:
                WriteDictionary(dictionary, level);
                break;
            case IEnumerable items:
                WriteItems(items, level);
                break;
            default:
                // Live objects below the top, such as the folder of a file, have no end: their text stands for them.
                if (level > 0)
                {
                    WriteText(TextOf(bare!));
                }
                else
                {
                    WriteProperties(wrapper ?? PSObject.AsPSObject(bare), level);
                }

                break;
        }
    }

    private bool WriteScalar(object? value)
    {
        switch (value)
        {
            case null or DBNull:
                _writer.WriteNullValue();
                return true;
            case string text:
                WriteText(text);
                return true;
            case bool flag:
                _writer.WriteBooleanValue(flag);
                return true;
            case SwitchParameter flag:
                _writer.WriteBooleanValue(flag.IsPresent);
                return true;
            case int or short or sbyte or byte or ushort when value is not Enum:
                _writer.WriteNumberValue(Convert.ToInt32(value, CultureInfo.InvariantCulture));
                return true;
            case long number:
                _writer.WriteNumberValue(number);
                return true;
            case uint number:
                _writer.WriteNumberValue(number);
                return true;
            case ulong number:
                _writer.WriteNumberValue(number);
                return true;
            case double number when double.IsFinite(number):
                _writer.WriteNumberValue(number);
                return true;
            case float number when float.IsFinite(number):
                _writer.WriteNumberValue(number);
                return true;
            case decimal number:
                _writer.WriteNumberValue(number);
                return true;
            case DateTime or DateTimeOffset or DateOnly or TimeOnly:
                WriteText(((IFormattable)value).ToString("o", CultureInfo.InvariantCulture));
                return true;
            case SecureString:
                // Its text would be no secret any more.
                _writer.WriteNullValue();
                return true;
            case IFormattable and (double or float or TimeSpan or Guid or BigInteger or Enum or char):
                WriteText(((IFormattable)value).ToString(null, CultureInfo.InvariantCulture));
                return true;
            case char or Uri or Version or Type or ScriptBlock or System.Xml.XmlNode:
                WriteText(TextOf(value));
                return true;
            default:
                return false;
        }
    }

    private void WriteProperties(PSObject value, int level)
    {
        _writer.WriteStartObject();
        if (MayNest(level))
        {
            foreach (var property in value.Properties)
            {
                if (!HasRoom())
                {
                    break;
                }

                if (TryGet(property, out var content))
                {
                    WriteMember(property.Name, content, level);
                }
            }
        }

        _writer.WriteEndObject();
    }

    private bool TryGet(PSPropertyInfo property, out object? content)
    {
        content = null;

        // A script property that comes with a type runs script code for each record; only what the runbook itself
        // has put on the object is asked.
        if (!property.IsGettable || (property is PSScriptProperty && !property.IsInstance) || IsProviderNote(property))
        {
            return false;
        }

        if (property is PSNoteProperty)
        {
            content = property.Value;
            return true;
        }

        if (_getterTime >= GetterTimeLimit)
        {
            _cut = true;
            return false;
        }

        long before = Stopwatch.GetTimestamp();
        try
        {
            content = property.Value;
            return true;
        }
        catch (PipelineStoppedException)
        {
            throw;
        }
        catch (Exception)
        {
            _cut = true;
            return false;
        }
        finally
        {
            _getterTime += Stopwatch.GetTimestamp() - before;
        }
    }

    /// <summary>Where a file, a variable and so on comes from: notes of PowerShell's providers, the same on each object.</summary>
    private static bool IsProviderNote(PSPropertyInfo property) =>
        property is PSNoteProperty
        && property.Name is "PSPath" or "PSParentPath" or "PSChildName" or "PSDrive" or "PSProvider" or "PSIsContainer" or "UnixStat" or "__NounName";

    private void WriteDictionary(IDictionary dictionary, int level)
    {
        _writer.WriteStartObject();
        if (MayNest(level))
        {
            foreach (DictionaryEntry entry in dictionary)
            {
                if (!HasRoom())
                {
                    break;
                }

                WriteMember(TextOf(entry.Key), entry.Value, level);
            }
        }

        _writer.WriteEndObject();
    }

    private void WriteItems(IEnumerable items, int level)
    {
        _writer.WriteStartArray();

        // Enumerating something lazy would run it a second time.
        if (items is ICollection && MayNest(level))
        {
            foreach (var item in items)
            {
                if (!HasRoom())
                {
                    break;
                }

                WriteValue(item, level + 1);
            }
        }
        else if (items is not ICollection)
        {
            _cut = true;
        }

        _writer.WriteEndArray();
    }

    private void WriteMember(string name, object? content, int level)
    {
        if (name.Length > Remaining / 6)
        {
            _cut = true;
            return;
        }

        _writer.WritePropertyName(name);
        WriteValue(content, level + 1);
    }

    private void WriteText(string text)
    {
        int fitting = FittingLength(text, Math.Max(Remaining, 0));
        if (fitting < text.Length)
        {
            _cut = true;
        }

        _writer.WriteStringValue(text.AsSpan(0, fitting));
    }

    private bool MayNest(int level)
    {
        if (level <= Depth)
        {
            return true;
        }

        _cut = true;
        return false;
    }

    private bool HasRoom()
    {
        if (Remaining > 0 && Stopwatch.GetTimestamp() - _started < TimeLimit)
        {
            return true;
        }

        _cut = true;
        return false;
    }

    /// <summary>How many characters of a text take no more than `limit` bytes of JSON.</summary>
    private static int FittingLength(string text, int limit)
    {
        // Even escaped, no character takes more than six bytes.
        if (text.Length <= limit / 6)
        {
            return text.Length;
        }

        int used = 2;
        for (int index = 0; index < text.Length; index++)
        {
            char character = text[index];
            used += character switch
            {
                '"' or '\\' or '\n' or '\r' or '\t' => 2,
                >= ' ' and < '\u007f' => 1,
                _ => 6,
            };
            if (used > limit)
            {
                return index > 0 && char.IsHighSurrogate(text[index - 1]) ? index - 1 : index;
            }
        }

        return text.Length;
    }

    private static string TextOf(object value)
    {
        try
        {
            return LanguagePrimitives.ConvertTo<string>(value) ?? string.Empty;
        }
        catch (Exception)
        {
            return value.GetType().FullName ?? value.GetType().Name;
        }
    }
}
