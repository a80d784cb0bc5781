#nullable enable
using System;
using System.Buffers;
using System.IO;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Runsmith.PowerShellHost;

/// <summary>
/// The two descriptors to the worker: one JSON object a line each way (src/contract/host/host-messages.ts).
/// A write blocks while the worker does not read: that is the back-pressure which holds a flooding script.
/// </summary>
internal sealed class HostChannel
{
    private const int RecordTextLength = 256 * 1024;
    private const int KeptBuffer = 1024 * 1024;

    private readonly Stream _input;
    private readonly Stream _output;
    private readonly object _gate = new();
    private readonly Utf8JsonWriter _writer;
    private ArrayBufferWriter<byte> _line = new(4096);
    private byte[] _received = new byte[64 * 1024];
    private int _start;
    private int _end;
    private bool _ended;

    public HostChannel(Stream input, Stream output)
    {
        _input = input;
        _output = output;
        _writer = new Utf8JsonWriter(_line, new JsonWriterOptions
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            SkipValidation = true,
        });
    }

    /// <summary>The next message; null when the worker has closed its end. Valid until the next call.</summary>
    public ReadOnlyMemory<byte>? Read()
    {
        int searched = 0;
        while (true)
        {
            int lineEnd = Array.IndexOf(_received, (byte)'\n', _start + searched, _end - _start - searched);
            if (lineEnd >= 0)
            {
                var line = new ReadOnlyMemory<byte>(_received, _start, lineEnd - _start);
                _start = lineEnd + 1;
                return line;
            }

            searched = _end - _start;
            MakeRoom();
            int count = _input.Read(_received, _end, _received.Length - _end);
            if (count == 0)
            {
                return null;
            }

            _end += count;
        }
    }

    /// <summary>Gives back what a large hand-over took.</summary>
    public void ForgetReceived()
    {
        if (_received.Length > KeptBuffer && _start == _end)
        {
            _received = new byte[4096];
            _start = _end = 0;
        }
    }

    public void WriteReady(string version) => WriteLine(writer =>
    {
        writer.WriteString("type", "ready");
        writer.WriteString("version", version);
    });

    /// <summary>
    /// Writes a stream record, unless an earlier attempt has; a text that is too long for one becomes several, marked `continued`.
    /// </summary>
    public void WriteRecord(string stream, string text, StructuredValue? value = null, bool continued = false)
    {
        if (Journal.IsReplaying)
        {
            return;
        }

        int from = 0;
        while (text.Length - from > RecordTextLength)
        {
            int length = char.IsHighSurrogate(text[from + RecordTextLength - 1]) ? RecordTextLength - 1 : RecordTextLength;
            WriteOneRecord(stream, text.AsSpan(from, length), null, continued: true);
            from += length;
        }

        WriteOneRecord(stream, text.AsSpan(from), value, continued);
    }

    /// <summary>Writes the last message of a run; further records are dropped. Only the first call counts.</summary>
    public void WriteEnded(string outcome, Action<Utf8JsonWriter> details) => WriteLast(writer =>
    {
        writer.WriteString("type", "ended");
        writer.WriteString("outcome", outcome);
        details(writer);
    });

    /// <summary>Another run follows: records count again.</summary>
    public void BeginAgain()
    {
        lock (_gate)
        {
            _ended = false;
        }
    }

    /// <param name="request">Writes the members of the request.</param>
    public void WriteRequest(string type, int id, Action<Utf8JsonWriter> request) => WriteLine(writer =>
    {
        writer.WriteString("type", type);
        writer.WriteNumber("requestId", id);
        writer.WriteStartObject("request");
        request(writer);
        writer.WriteEndObject();
    });

    /// <param name="item">Writes the members of the item beside its number.</param>
    public void WriteJournalItem(int sequence, Action<Utf8JsonWriter> item) => WriteLine(writer =>
    {
        writer.WriteString("type", "journal");
        writer.WriteNumber("sequence", sequence);
        item(writer);
    });

    /// <param name="entry">Writes the step.</param>
    public void WriteStepBegun(Action<Utf8JsonWriter> entry) => WriteLine(writer =>
    {
        writer.WriteString("type", "step-begun");
        entry(writer);
    });

    public void WriteAnalysis(Action<Utf8JsonWriter> analysis, WrittenScript? readableScript) => WriteLast(writer =>
    {
        writer.WriteString("type", "analysis");
        writer.WritePropertyName("analysis");
        analysis(writer);
        if (readableScript is not null)
        {
            writer.WriteString("readableScript", readableScript.Text);
            writer.WriteStartArray("linesToSee");
            foreach (int line in readableScript.LinesToSee)
            {
                writer.WriteNumberValue(line);
            }

            writer.WriteEndArray();
        }
    });

    private void WriteLast(Action<Utf8JsonWriter> write)
    {
        lock (_gate)
        {
            if (_ended)
            {
                return;
            }

            WriteLine(write);
            _ended = true;
        }
    }

    private void WriteOneRecord(string stream, ReadOnlySpan<char> text, StructuredValue? value, bool continued)
    {
        lock (_gate)
        {
            if (_ended)
            {
                return;
            }

            _writer.WriteStartObject();
            _writer.WriteString("type", "record");
            _writer.WriteString("stream", stream);
            _writer.WriteNumber("time", DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
            _writer.WriteString("text", text);
            if (value is { } structured)
            {
                _writer.WritePropertyName("value");
                _writer.WriteRawValue(structured.Json.Span, skipInputValidation: true);
                if (structured.Cut)
                {
                    _writer.WriteBoolean("cut", true);
                }
            }

            if (continued)
            {
                _writer.WriteBoolean("continued", true);
            }

            _writer.WriteEndObject();
            Send();
        }
    }

    private void WriteLine(Action<Utf8JsonWriter> write)
    {
        lock (_gate)
        {
            _writer.WriteStartObject();
            write(_writer);
            _writer.WriteEndObject();
            Send();
        }
    }

    private void Send()
    {
        _writer.Flush();
        _line.GetSpan(1)[0] = (byte)'\n';
        _line.Advance(1);
        try
        {
            _output.Write(_line.WrittenSpan);
        }
        catch (IOException)
        {
            // The worker is gone, and with it everyone who could want the rest.
            OperatingSystemCalls.Exit(1);
        }

        if (_line.Capacity > KeptBuffer)
        {
            _line = new ArrayBufferWriter<byte>(4096);
        }
        else
        {
            _line.ResetWrittenCount();
        }

        _writer.Reset(_line);
    }

    private void MakeRoom()
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }

        if (_end < _received.Length)
        {
            return;
        }

        if (_start > 0)
        {
            Buffer.BlockCopy(_received, _start, _received, 0, _end - _start);
            _end -= _start;
            _start = 0;
        }
        else
        {
            Array.Resize(ref _received, _received.Length * 4);
        }
    }
}
