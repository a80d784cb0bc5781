#nullable enable
using System;
using System.Globalization;
using System.Management.Automation;
using System.Text.Json;

namespace Runsmith.PowerShellHost;

/// <summary>Gives a variable that exists a new value; whether it is encrypted stays as it is.</summary>
[Cmdlet(VerbsCommon.Set, "AutomationVariable")]
public sealed class SetVariableCommand : AssetCommand
{
    /// <summary>What ConvertTo-Json takes of an object; the worker refuses what is nested deeper than 64 levels.</summary>
    private static readonly ScriptBlock s_toJson = ScriptBlock.Create(
        "param($value) Microsoft.PowerShell.Utility\\ConvertTo-Json -InputObject $value -Depth 60 -Compress");

    /// <summary>Whatever ConvertTo-Json can say.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    public object? Value { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Ask(writer =>
    {
        writer.WriteString("action", "set-variable");
        writer.WriteString("name", Name);
        WriteValue(writer, Value is PSObject wrapper ? wrapper.BaseObject : Value);
    });

    private void WriteValue(Utf8JsonWriter writer, object? bare)
    {
        switch (bare)
        {
            case null:
                writer.WriteString("type", "null");
                writer.WriteNull("value");
                break;
            case DateTime date:
                writer.WriteString("type", "date-time");
                writer.WriteString("value", Iso(new DateTimeOffset(date)));
                break;
            case DateTimeOffset date:
                writer.WriteString("type", "date-time");
                writer.WriteString("value", Iso(date));
                break;
            case SwitchParameter given:
                writer.WriteString("type", "boolean");
                writer.WriteBoolean("value", given.IsPresent);
                break;
            default:
                var json = bare is Guid or Uri or TimeSpan or Enum or char or Version
                    ? JsonSerializer.Serialize(LanguagePrimitives.ConvertTo<string>(bare))
                    : LanguagePrimitives.ConvertTo<string>(InvokeCommand.InvokeScript(false, s_toJson, null, Value)[0]);
                writer.WriteString("type", TypeOf(json));
                writer.WritePropertyName("value");
                writer.WriteRawValue(json);
                break;
        }
    }

    private static string TypeOf(string json) => json[0] switch
    {
        '"' => "string",
        '{' or '[' => "object",
        't' or 'f' => "boolean",
        'n' => "null",
        _ => "number",
    };

    private static string Iso(DateTimeOffset date) =>
        date.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
