#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Runsmith.PowerShellHost;

/// <summary>Changes of a text, each at its own place; what is not changed stays as its author wrote it.</summary>
internal sealed class TextEdits
{
    private readonly string _text;
    private readonly List<(int Start, int End, string Text, bool IsToSee)> _edits = new();

    public TextEdits(string text)
    {
        _text = text;
    }

    public void Insert(int at, string text) => Replace(at, at, text);

    /// <param name="isToSee">Whether a person has to look at what is written here.</param>
    public void Replace(int start, int end, string text, bool isToSee = false) => _edits.Add((start, end, text, isToSee));

    /// <summary>The changed text. A change within a piece that is replaced as a whole is none.</summary>
    public WrittenScript Apply()
    {
        var result = new StringBuilder(_text.Length);
        var placesToSee = new List<int>();
        int position = 0;
        // Of those at one place, what is put in comes before what is replaced, in the order in which it was asked for.
        foreach (var (start, end, text, isToSee) in _edits.OrderBy(edit => edit.Start).ThenBy(edit => edit.End > edit.Start).ThenByDescending(edit => edit.End))
        {
            if (start < position)
            {
                continue;
            }

            result.Append(_text, position, start - position);
            if (isToSee)
            {
                placesToSee.Add(result.Length);
            }

            result.Append(text);
            position = end;
        }

        var whole = result.Append(_text, position, _text.Length - position).ToString();
        return new WrittenScript(whole, LinesOf(placesToSee, whole));
    }

    /// <summary>The spaces before the first sign of the line.</summary>
    public string IndentationAt(int offset)
    {
        int start = LineStart(offset);
        int end = start;
        while (end < _text.Length && _text[end] is ' ' or '\t')
        {
            end++;
        }

        return _text[start..end];
    }

    /// <summary>Whether a piece has its lines for itself.</summary>
    public bool IsAlone(int start, int end) =>
        string.IsNullOrWhiteSpace(_text[LineStart(start)..start]) && string.IsNullOrWhiteSpace(_text[end..LineEnd(end)]);

    /// <summary>Removes a piece; with the lines that it has for itself.</summary>
    public void Remove(int start, int end)
    {
        if (!IsAlone(start, end))
        {
            Replace(start, end, string.Empty);
            return;
        }

        int next = LineEnd(end);
        if (next < _text.Length && _text[next] == '\r')
        {
            next++;
        }

        Replace(LineStart(start), next < _text.Length ? next + 1 : next, string.Empty);
    }

    private static List<int> LinesOf(IEnumerable<int> places, string text)
    {
        var lines = new List<int>();
        int line = 1;
        int position = 0;
        foreach (int place in places)
        {
            line += text.AsSpan(position, place - position).Count('\n');
            position = place;
            lines.Add(line);
        }

        return lines;
    }

    private int LineStart(int offset)
    {
        while (offset > 0 && _text[offset - 1] is not '\n')
        {
            offset--;
        }

        return offset;
    }

    private int LineEnd(int offset)
    {
        while (offset < _text.Length && _text[offset] is not ('\n' or '\r'))
        {
            offset++;
        }

        return offset;
    }
}
