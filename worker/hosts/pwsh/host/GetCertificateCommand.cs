#nullable enable
using System;
using System.Management.Automation;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace Runsmith.PowerShellHost;

/// <summary>A certificate with its private key, which no file ever holds.</summary>
[Cmdlet(VerbsCommon.Get, "AutomationCertificate")]
[OutputType(typeof(X509Certificate2))]
public sealed class GetCertificateCommand : AssetCommand
{
    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Get("certificate") is { } certificate)
        {
            WriteObject(Read(certificate));
        }
    }

    private static X509Certificate2 Read(JsonElement certificate)
    {
        if (certificate.TryGetProperty("pfx", out var pfx))
        {
            var password = certificate.TryGetProperty("pfxPassword", out var given) ? given.GetString() : null;
            return new X509Certificate2(Convert.FromBase64String(pfx.GetString()!), password, X509KeyStorageFlags.Exportable);
        }

        return X509Certificate2.CreateFromPem(
            certificate.GetProperty("certificate").GetString(),
            certificate.GetProperty("privateKey").GetString());
    }
}
