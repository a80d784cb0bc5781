#nullable enable
using System;
using System.Globalization;
using System.Text;

namespace Runsmith.PowerShellHost;

/// <summary>
/// A .NET regular expression as ECMAScript would write it (with the `u` flag, as JSON Schema has it), where both mean the
/// same. Where not, there is none: a pattern that refused a right value would be worse than a check at the start of the script.
/// </summary>
internal static class EcmaPattern
{
    /// <returns>Null when the pattern has no exact counterpart.</returns>
    public static string? From(string pattern, bool ignoresCase)
    {
        var result = new StringBuilder(pattern.Length + 16);
        for (int index = 0; index < pattern.Length; index++)
        {
            char character = pattern[index];
            switch (character)
            {
                case '\\':
                    if (++index == pattern.Length || Escape(pattern[index], inClass: false) is not { } escaped)
                    {
                        return null;
                    }

                    result.Append(escaped);
                    break;
                case '[':
                    if (Class(pattern, ref index, ignoresCase) is not { } set)
                    {
                        return null;
                    }

                    result.Append(set);
                    break;
                case '(' when index + 1 < pattern.Length && pattern[index + 1] == '?':
                    // (?: and the look-aheads are the same in both; options, names, comments and conditions are not.
                    if (index + 2 >= pattern.Length || pattern[index + 2] is not (':' or '=' or '!'))
                    {
                        return null;
                    }

                    result.Append("(?").Append(pattern[index + 2]);
                    index += 2;
                    break;
                case '{' when !IsCount(pattern, index):
                    return null;
                case '}' when !EndsCount(pattern, index):
                case ']':
                    result.Append('\\').Append(character);
                    break;
                case '$':
                    // .NET's $ also stands before a last line feed, which nobody means.
                    result.Append('$');
                    break;
                case '.':
                    // .NET's dot takes everything but the line feed, ECMAScript's leaves out other line ends too.
                    result.Append("[^\\n]");
                    break;
                default:
                    if (ignoresCase && CaseVariants(character) is { } both)
                    {
                        result.Append('[').Append(both).Append(']');
                    }
                    else
                    {
                        result.Append(character);
                    }

                    break;
            }
        }

        return result.ToString();
    }

    /// <summary>The escape of one character behind a backslash, in a class or outside; null when unknown.</summary>
    private static string? Escape(char character, bool inClass)
    {
        switch (character)
        {
            case 'd':
                return @"\p{Nd}";
            case 'D':
                return @"\P{Nd}";
            case 'w':
                return inClass ? @"\p{L}\p{Mn}\p{Nd}\p{Pc}" : @"[\p{L}\p{Mn}\p{Nd}\p{Pc}]";
            case 'W':
                return inClass ? null : @"[^\p{L}\p{Mn}\p{Nd}\p{Pc}]";
            case 's' or 'S' or 'n' or 'r' or 't' or 'f' or 'v':
                return "\\" + character;
            case 'A' when !inClass:
                return "^";
            case 'z' or 'Z' when !inClass:
                return "$";
            case '^' or '$' or '\\' or '.' or '*' or '+' or '?' or '(' or ')' or '[' or ']' or '{' or '}' or '|' or '/':
                return "\\" + character;
            case '-':
                return inClass ? "\\-" : "-";
            default:
                // Before other punctuation the backslash means nothing in .NET, and is an error in ECMAScript.
                return char.IsAsciiLetterOrDigit(character) ? null : character.ToString();
        }
    }

    /// <summary>A character class from its bracket to its end.</summary>
    private static string? Class(string pattern, ref int index, bool ignoresCase)
    {
        var result = new StringBuilder("[");
        int at = index + 1;
        if (at < pattern.Length && pattern[at] == '^')
        {
            result.Append('^');
            at++;
        }

        bool first = true;
        for (; at < pattern.Length && (first || pattern[at] != ']'); at++, first = false)
        {
            char character = pattern[at];
            if (character == '[' || (first && character == ']'))
            {
                // A bracket in a class is a subtraction or a class of its own in some dialects.
                return null;
            }

            if (character == '\\')
            {
                if (++at == pattern.Length || Escape(pattern[at], inClass: true) is not { } escaped)
                {
                    return null;
                }

                if (at + 2 < pattern.Length && pattern[at + 1] == '-' && pattern[at + 2] != ']')
                {
                    return null;
                }

                result.Append(escaped);
                continue;
            }

            bool isRange = at + 2 < pattern.Length && pattern[at + 1] == '-' && pattern[at + 2] != ']';
            if (isRange)
            {
                if (Range(character, pattern[at + 2], ignoresCase) is not { } range)
                {
                    return null;
                }

                result.Append(range);
                at += 2;
                continue;
            }

            result.Append(ignoresCase && CaseVariants(character) is { } both ? both : InClass(character));
        }

        if (at >= pattern.Length)
        {
            return null;
        }

        index = at;
        return result.Append(']').ToString();
    }

    private static string? Range(char from, char to, bool ignoresCase)
    {
        var written = $"{InClass(from)}-{InClass(to)}";
        if (!ignoresCase || (char.IsAsciiDigit(from) && char.IsAsciiDigit(to)))
        {
            return to == '\\' ? null : written;
        }

        if (char.IsAsciiLetterLower(from) && char.IsAsciiLetterLower(to))
        {
            return $"{written}{char.ToUpperInvariant(from)}-{char.ToUpperInvariant(to)}";
        }

        return char.IsAsciiLetterUpper(from) && char.IsAsciiLetterUpper(to)
            ? $"{written}{char.ToLowerInvariant(from)}-{char.ToLowerInvariant(to)}"
            : null;
    }

    private static string InClass(char character) => character is '^' or '-' or '\\' or ']' or '[' ? "\\" + character : character.ToString();

    private static string? CaseVariants(char character)
    {
        char lower = char.ToLower(character, CultureInfo.InvariantCulture);
        char upper = char.ToUpper(character, CultureInfo.InvariantCulture);
        return lower == upper ? null : string.Concat(lower, upper);
    }

    private static bool IsCount(string pattern, int index)
    {
        int end = pattern.IndexOf('}', index);
        if (end < index + 2)
        {
            return false;
        }

        var text = pattern.AsSpan(index + 1, end - index - 1);
        int comma = text.IndexOf(',');
        var least = comma < 0 ? text : text[..comma];
        var most = comma < 0 ? ReadOnlySpan<char>.Empty : text[(comma + 1)..];
        return least.Length > 0 && AreDigits(least) && AreDigits(most);
    }

    private static bool EndsCount(string pattern, int index)
    {
        int start = pattern.LastIndexOf('{', index);
        return start >= 0 && pattern.IndexOf('}', start) == index && IsCount(pattern, start);
    }

    private static bool AreDigits(ReadOnlySpan<char> text)
    {
        foreach (var character in text)
        {
            if (!char.IsAsciiDigit(character))
            {
                return false;
            }
        }

        return true;
    }
}
