#nullable enable
using System.Management.Automation;

namespace Runsmith.PowerShellHost;

/// <summary>A credential, as PowerShell has them.</summary>
[Cmdlet(VerbsCommon.Get, "AutomationPSCredential")]
[OutputType(typeof(PSCredential))]
public sealed class GetCredentialCommand : AssetCommand
{
    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Get("credential") is { } credential)
        {
            WriteObject(ParameterValue.Read(credential, "pscredential"));
        }
    }
}
