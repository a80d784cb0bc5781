#nullable enable
using System;
using System.Collections.Generic;
using System.Management.Automation;
using System.Management.Automation.Host;

namespace Runsmith.PowerShellHost;

/// <summary>
/// Makes records of everything a script writes, in the order in which it writes it.
///
/// Objects of the pipeline come through <see cref="RecordCommand"/>, which hands each to PowerShell's own Out-Default and
/// then calls <see cref="EndObject"/>. The lines that Out-Default wrote meanwhile are the text of the object's record.
/// Out-Default may hold an object back to find the widths of a table's columns; its record is then made when its
/// lines come. So the joined text of all Output records is what pwsh would have printed.
/// </summary>
internal sealed class RecordSink
{
    private readonly StructuredValueWriter _values = new();
    private readonly ProgressPace _progress = new();
    private readonly List<string> _lines = new();
    private readonly List<PSObject> _held = new();
    private HostChannel? _channel;
    private int _pipelineThread;

    /// <summary>How many of those held back first an earlier attempt has recorded.</summary>
    private int _passedOver;
    private bool _formatting;
    private bool _renderingError;
    private bool _verbose;
    private bool _debug;
    private bool _logsProgress;

    /// <summary>The text of an Information record that PowerShell is about to write to the console too.</summary>
    [ThreadStatic]
    private static string? t_announced;

    /// <summary>Objects without lines so far; not empty after a script that ended before its table was complete.</summary>
    public IReadOnlyList<PSObject> Held => _held;

    /// <summary>From here on, what the current thread's pipeline writes becomes records.</summary>
    public void Open(HostChannel channel, bool verbose, bool debug, bool progress)
    {
        _channel = channel;
        _pipelineThread = Environment.CurrentManagedThreadId;
        _verbose = verbose;
        _debug = debug;
        _logsProgress = progress;
    }

    /// <summary>The lines that come now belong to this object, or to those held back before it.</summary>
    public void BeginObject(PSObject item)
    {
        t_announced = null;
        if (IsValue(item.BaseObject))
        {
            _held.Add(item);
        }

        _formatting = true;
    }

    public void EndObject()
    {
        _formatting = false;
        if (_lines.Count > 0 && !IsOnlyMargin())
        {
            WriteLines();
        }
    }

    /// <summary>
    /// The formatter has written all: an empty line that seemed to be a table's margin was all there was. One that was cut off in
    /// the middle of a table, by `exit`, still holds its objects; see <see cref="TakeHeld"/>.
    /// </summary>
    public void EndOutput()
    {
        bool wasLast = _formatting;
        _formatting = false;
        if (_lines.Count > 0 && (wasLast || !IsOnlyMargin()))
        {
            WriteLines();
        }
    }

    /// <summary>The formatter may write what it still holds, until <see cref="EndOutput"/>.</summary>
    public void BeginLastLines() => _formatting = true;

    /// <summary>Gives up what the formatter holds, to have it formatted again.</summary>
    public PSObject[] TakeHeld()
    {
        _formatting = false;
        _lines.Clear();
        var held = _held.GetRange(_passedOver, _held.Count - _passedOver).ToArray();
        _held.Clear();
        _passedOver = 0;
        return held;
    }

    /// <summary>What the formatter holds now was recorded by an earlier attempt.</summary>
    public void PassOverHeld() => _passedOver = _held.Count;

    /// <summary>Records an error, with the text that pwsh would print.</summary>
    /// <param name="format">Has PowerShell write the error's lines to the host.</param>
    public void WriteError(ErrorRecord error, Action<ErrorRecord> format)
    {
        if (Environment.CurrentManagedThreadId != _pipelineThread)
        {
            Emit("Error", ErrorValue.MessageOf(error), error);
            return;
        }

        var lines = new List<string>(_lines);
        bool formatting = _formatting;
        _lines.Clear();
        _formatting = true;
        _renderingError = true;
        string text;
        try
        {
            format(error);
            text = string.Join('\n', _lines);
        }
        catch (Exception failure) when (failure is not PipelineStoppedException)
        {
            text = ErrorValue.MessageOf(error);
        }
        finally
        {
            _renderingError = false;
            _formatting = formatting;
            _lines.Clear();
            _lines.AddRange(lines);
        }

        // The view of errors may begin and end with an empty line for the eye of a terminal's reader.
        Emit("Error", text.Trim('\r', '\n'), error);
    }

    /// <summary>Text that goes to the console: the formatter's lines, Write-Host's, or what a script writes itself.</summary>
    public void WriteText(string value, bool endsLine)
    {
        var text = Plain(value);
        if (t_announced is { } announced)
        {
            t_announced = null;
            if (announced == text)
            {
                return;
            }
        }

        if (_formatting && Environment.CurrentManagedThreadId == _pipelineThread)
        {
            _lines.Add(text);
        }
        else
        {
            _channel?.WriteRecord("Output", text, continued: !endsLine);
        }
    }

    public void WriteErrorLine(string value)
    {
        var line = Plain(value);
        if (_renderingError && Environment.CurrentManagedThreadId == _pipelineThread)
        {
            _lines.Add(line);
        }
        else
        {
            _channel?.WriteRecord("Error", line);
        }
    }

    public void WriteWarning(string message) => _channel?.WriteRecord("Warning", Plain(message));

    public void WriteVerbose(string message)
    {
        if (_verbose)
        {
            _channel?.WriteRecord("Verbose", Plain(message));
        }
    }

    public void WriteDebug(string message)
    {
        if (_debug)
        {
            _channel?.WriteRecord("Debug", Plain(message));
        }
    }

    public void WriteProgress(ProgressRecord record)
    {
        if (_logsProgress && _channel is { } channel)
        {
            _progress.Write(channel, record);
        }
    }

    public void WriteInformation(InformationRecord record)
    {
        if (_channel is not { } channel)
        {
            return;
        }

        if (record.MessageData is HostInformationMessage message)
        {
            t_announced = Plain(message.Message ?? string.Empty);
            channel.WriteRecord("Information", t_announced, continued: message.NoNewLine == true);
            return;
        }

        var text = Plain(record.ToString() ?? string.Empty);
        t_announced = text;
        var data = record.MessageData is PSObject wrapper ? wrapper.BaseObject : record.MessageData;
        Emit("Information", text, data is null or string ? null : record.MessageData);
    }

    /// <summary>Writes what was kept back to spare the reader.</summary>
    public void Close()
    {
        if (_channel is { } channel)
        {
            _progress.Flush(channel);
        }
    }

    /// <summary>Whether an object makes a record of its own; what the Format commands emit only stands for others.</summary>
    private static bool IsValue(object item) =>
        item is not (WarningRecord or VerboseRecord or DebugRecord or InformationRecord)
        && item.GetType().Namespace != "Microsoft.PowerShell.Commands.Internal.Format";

    /// <summary>Text without the escape sequences of terminals.</summary>
    private static string Plain(string text) =>
        text.Contains('\u001b') ? PSHostUserInterface.GetOutputString(text, supportsVirtualTerminal: false) : text;

    private void WriteLines()
    {
        if (_held.Count == 0)
        {
            Emit("Output", string.Join('\n', _lines), null);
        }
        else if (_passedOver == _held.Count)
        {
            // Nothing of it is new.
        }
        else if (_held.Count == 1)
        {
            Emit("Output", string.Join('\n', _lines), _held[0]);
        }
        else
        {
            WriteHeldTable();
        }

        _lines.Clear();
        _held.Clear();
        _passedOver = 0;
    }

    /// <summary>A table that was held back: its header goes with the first object, then each has a line, the last one the rest.</summary>
    private void WriteHeldTable()
    {
        int header = _lines.FindIndex(IsRule);
        int first = header < 0 ? 0 : header + 1;
        if (_lines.Count - first < _held.Count)
        {
            Emit("Output", string.Join('\n', _lines), null);
            return;
        }

        // With those that were recorded before, the header was.
        int from = _passedOver == 0 ? 0 : first + _passedOver;
        for (int index = _passedOver; index < _held.Count; index++)
        {
            int to = index == _held.Count - 1 ? _lines.Count : first + index + 1;
            Emit("Output", string.Join('\n', _lines.GetRange(from, to - from)), _held[index]);
            from = to;
        }
    }

    /// <summary>The empty line above a table whose rows are still held back.</summary>
    private bool IsOnlyMargin() =>
        _held.Count > 0 && _held[0].BaseObject is not string && _lines.TrueForAll(line => line.Length == 0);

    private static bool IsRule(string line)
    {
        bool dashes = false;
        foreach (var character in line)
        {
            if (character == '-')
            {
                dashes = true;
            }
            else if (character != ' ')
            {
                return false;
            }
        }

        return dashes;
    }

    private void Emit(string stream, string text, object? value)
    {
        if (_channel is not { } channel)
        {
            return;
        }

        var bare = value is PSObject wrapper ? wrapper.BaseObject : value;
        channel.WriteRecord(stream, text, bare is null or string ? null : _values.Write(value!));
    }
}
