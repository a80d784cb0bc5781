#nullable enable
using System.Collections;
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>The fields of a connection by their names.</summary>
[Cmdlet(VerbsCommon.Get, "AutomationConnection")]
[OutputType(typeof(Hashtable))]
public sealed class GetConnectionCommand : AssetCommand
{
    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Get("connection") is { } connection)
        {
            WriteObject(ParameterValue.Read(connection.GetProperty("fields"), "hashtable"));
        }
    }
}
