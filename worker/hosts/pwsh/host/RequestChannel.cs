#nullable enable
using System;
using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;

namespace Runsmith.PowerShellHost;

/// <summary>Asks the worker for assets, and about other runbooks and jobs, and finds the answers for those that wait.</summary>
internal static class RequestChannel
{
    private static readonly ConcurrentDictionary<int, TaskCompletionSource<JsonElement>> s_waiting = new();
    private static HostChannel? s_channel;
    private static int s_count;
    private static volatile bool s_hasSecret;
    private static volatile bool s_hasCalled;

    /// <summary>Whether a script was given a secret: then no other may follow in this process.</summary>
    public static bool HasSecret => s_hasSecret;

    /// <summary>Whether a script had to do with other runbooks: then no other may follow either.</summary>
    public static bool HasCalled => s_hasCalled;

    /// <summary>From here on commands may ask.</summary>
    public static void Open(HostChannel channel) => s_channel = channel;

    /// <summary>Waits for the answer (`AssetAnswerMessage` of src/contract/host/host-messages.ts).</summary>
    /// <param name="write">Writes the members of the request.</param>
    /// <exception cref="OperationCanceledException">The command is to stop.</exception>
    public static JsonElement AskAsset(Action<Utf8JsonWriter> write, CancellationToken stopping) => Ask("asset-request", write, stopping);

    /// <summary>The same about other runbooks and jobs (`HostRunbookAnswer`). A question for what is not there, as of a mistyped command, leaves nothing.</summary>
    /// <inheritdoc cref="AskAsset"/>
    public static JsonElement AskRunbook(Action<Utf8JsonWriter> write, CancellationToken stopping)
    {
        var answer = Ask("runbook-request", write, stopping).GetProperty("answer");
        if (!answer.TryGetProperty("error", out _))
        {
            s_hasCalled = true;
        }

        return answer;
    }

    private static JsonElement Ask(string type, Action<Utf8JsonWriter> write, CancellationToken stopping)
    {
        var channel = s_channel ?? throw new InvalidOperationException("There is no worker to ask.");
        int id = Interlocked.Increment(ref s_count);
        var answer = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        s_waiting[id] = answer;
        try
        {
            channel.WriteRequest(type, id, write);
            answer.Task.Wait(stopping);
            return answer.Task.Result;
        }
        finally
        {
            s_waiting.TryRemove(id, out _);
        }
    }

    /// <summary>An answer came; of one that nobody waits for any more nothing becomes.</summary>
    public static void Take(JsonElement message)
    {
        if (message.TryGetProperty("secret", out var secret) && secret.ValueKind == JsonValueKind.True)
        {
            s_hasSecret = true;
        }

        if (s_waiting.TryGetValue(message.GetProperty("requestId").GetInt32(), out var answer))
        {
            answer.TrySetResult(message.Clone());
        }
    }
}
