#nullable enable
using System;
using System.Globalization;
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>What a variable holds: a text, a number, a boolean, a date in UTC, an object, an array, or nothing.</summary>
[Cmdlet(VerbsCommon.Get, "AutomationVariable")]
[OutputType(typeof(object))]
public sealed class GetVariableCommand : AssetCommand
{
    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Get("variable") is not { } variable)
        {
            return;
        }

        var value = variable.GetProperty("value");
        WriteObject(
            variable.GetProperty("type").GetString() == "date-time"
                ? DateTime.Parse(value.GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal)
                : ParameterValue.Read(value, string.Empty));
    }
}
