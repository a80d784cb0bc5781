#nullable enable
using System;
using System.Text.Json;
using System.Threading;

namespace Runsmith.PowerShellHost;

/// <summary>Has the worker keep what further attempts of the job go on from, and hears that it is kept, or that the job is to be suspended.</summary>
internal static class JournalChannel
{
    private static readonly object s_gate = new();
    private static HostChannel? s_channel;
    private static int s_sent;
    private static int s_stored;
    private static volatile CancellationTokenSource s_askedToSuspend = new();

    /// <summary>Cancelled when somebody wants the job suspended.</summary>
    public static CancellationToken AskedToSuspend => s_askedToSuspend.Token;

    /// <summary>From here on scripts may have something kept.</summary>
    public static void Open(HostChannel channel) => s_channel = channel;

    /// <summary>Another job was handed over: its items are numbered from 1 again.</summary>
    public static void BeginAgain()
    {
        lock (s_gate)
        {
            s_sent = 0;
            s_stored = 0;
            s_askedToSuspend = new();
        }
    }

    /// <summary>Sends one item (`JournalItem` of src/contract/journal.ts), and gives its number.</summary>
    /// <param name="write">Writes its entry, or its checkpoint.</param>
    public static int Send(Action<Utf8JsonWriter> write)
    {
        var channel = s_channel ?? throw new InvalidOperationException("There is no worker that could keep it.");
        int sequence = Interlocked.Increment(ref s_sent);
        channel.WriteJournalItem(sequence, write);
        return sequence;
    }

    /// <summary>Waits until the item of this number is stored, and all before it.</summary>
    /// <exception cref="OperationCanceledException">The command is to stop.</exception>
    public static void WaitUntilStored(int sequence, CancellationToken stopping)
    {
        using var wakes = stopping.Register(Wake);
        lock (s_gate)
        {
            while (s_stored < sequence)
            {
                stopping.ThrowIfCancellationRequested();
                Monitor.Wait(s_gate);
            }
        }
    }

    /// <summary>Every item up to the one that the message names is stored.</summary>
    public static void Take(JsonElement message)
    {
        lock (s_gate)
        {
            s_stored = Math.Max(s_stored, message.GetProperty("sequence").GetInt32());
            Monitor.PulseAll(s_gate);
        }
    }

    public static void AskToSuspend() => s_askedToSuspend.Cancel();

    private static void Wake()
    {
        lock (s_gate)
        {
            Monitor.PulseAll(s_gate);
        }
    }
}
