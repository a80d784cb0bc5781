#nullable enable
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Runsmith.PowerShellHost;

/// <summary>Changes of a text, each at its own place; what is not changed stays as its author wrote it.</summary>
internal sealed class TextEdits
{
    private readonly string _text;
    private readonly List<(int Start, int End, string Text)> _edits = new();

    public TextEdits(string text)
    {
        _text = text;
    }

    public void Insert(int at, string text) => _edits.Add((at, at, text));

    public void Replace(int start, int end, string text) => _edits.Add((start, end, text));

    /// <summary>The changed text. A change within a piece that is replaced as a whole is none.</summary>
    public string Apply()
    {
        var result = new StringBuilder(_text.Length);
        int position = 0;
        // Of those at one place, what is put in comes before what is replaced, in the order in which it was asked for.
        foreach (var (start, end, text) in _edits.OrderBy(edit => edit.Start).ThenBy(edit => edit.End > edit.Start).ThenByDescending(edit => edit.End))
        {
            if (start < position)
            {
                continue;
            }

            result.Append(_text, position, start - position).Append(text);
            position = end;
        }

        return result.Append(_text, position, _text.Length - position).ToString();
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
