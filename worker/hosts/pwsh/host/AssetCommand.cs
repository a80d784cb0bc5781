#nullable enable
using System;
using System.Management.Automation;
using System.Text.Json;
using System.Threading;

namespace Runsmith.PowerShellHost;

/// <summary>A command that asks for the asset of a name. What it does not get is an error that does not end the script, as in SMA.</summary>
public abstract class AssetCommand : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Name of the asset; case does not count.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = string.Empty;

    /// <inheritdoc/>
    protected override void StopProcessing() => _stopping.Cancel();

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    /// <summary>The value of an asset; null when an error was written in its place.</summary>
    private protected JsonElement? Get(string kind) => Ask(writer =>
    {
        writer.WriteString("action", "get");
        writer.WriteString("kind", kind);
        writer.WriteString("name", Name);
    });

    /// <summary>What was asked for, or an object without members; null when an error was written in its place.</summary>
    private protected JsonElement? Ask(Action<Utf8JsonWriter> request)
    {
        JsonElement answer;
        try
        {
            answer = RequestChannel.AskAsset(request, _stopping.Token);
        }
        catch (OperationCanceledException)
        {
            throw new PipelineStoppedException();
        }

        if (answer.TryGetProperty("error", out var error))
        {
            var code = error.GetProperty("code").GetString();
            var category = code == "asset-not-found" ? ErrorCategory.ObjectNotFound
                : code == "asset-unavailable" ? ErrorCategory.ResourceUnavailable
                : ErrorCategory.InvalidOperation;
            var exception = new ItemNotFoundException(error.GetProperty("message").GetString());
            WriteError(new ErrorRecord(exception, IdOf(code), category, Name));
            return null;
        }

        return answer.TryGetProperty("value", out var value) ? value : answer;
    }

    private static string IdOf(string? code) => code switch
    {
        "asset-not-found" => "AssetNotFound",
        "asset-unavailable" => "AssetUnavailable",
        _ => "AssetRefused",
    };
}
