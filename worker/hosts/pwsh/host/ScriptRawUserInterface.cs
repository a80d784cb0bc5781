#nullable enable
using System;
using System.Management.Automation.Host;

namespace Runsmith.PowerShellHost;

/// <summary>A screen of a given width that nobody looks at: what is asked has an answer, what is set has no effect.</summary>
internal sealed class ScriptRawUserInterface : PSHostRawUserInterface
{
    private const int Height = 50;

    /// <summary>Columns of the formatter.</summary>
    public int Width { get; set; } = 120;

    public override ConsoleColor BackgroundColor { get; set; } = ConsoleColor.Black;

    public override ConsoleColor ForegroundColor { get; set; } = ConsoleColor.Gray;

    public override Size BufferSize
    {
        get => new(Width, Height);
        set { }
    }

    public override Coordinates CursorPosition { get; set; }

    public override int CursorSize { get; set; } = 25;

    public override bool KeyAvailable => false;

    public override Size MaxPhysicalWindowSize => new(Width, Height);

    public override Size MaxWindowSize => new(Width, Height);

    public override Coordinates WindowPosition { get; set; }

    public override Size WindowSize
    {
        get => new(Width, Height);
        set { }
    }

    public override string WindowTitle { get; set; } = string.Empty;

    public override void FlushInputBuffer()
    {
    }

    public override BufferCell[,] GetBufferContents(Rectangle rectangle) => throw Refusal.Of("Reading the screen");

    public override KeyInfo ReadKey(ReadKeyOptions options) => throw Refusal.Of("ReadKey");

    public override void ScrollBufferContents(Rectangle source, Coordinates destination, Rectangle clip, BufferCell fill)
    {
    }

    public override void SetBufferContents(Coordinates origin, BufferCell[,] contents)
    {
    }

    public override void SetBufferContents(Rectangle rectangle, BufferCell fill)
    {
    }

    public override int LengthInBufferCells(string source) => LengthInBufferCells(source, 0);

    public override int LengthInBufferCells(string source, int offset)
    {
        int length = 0;
        for (int index = offset; index < source.Length; index++)
        {
            length += LengthInBufferCells(source[index]);
        }

        return length;
    }

    /// <summary>
    /// East Asian wide characters take two columns: the ranges are those of pwsh's console host
    /// (https://www.cl.cam.ac.uk/~mgk25/ucs/wcwidth.c), so that tables have the same columns.
    /// </summary>
    public override int LengthInBufferCells(char source)
    {
        if (source < '\u1100')
        {
            return 1;
        }

        bool wide = source <= '\u115f'
            || source is '\u2329' or '\u232a'
            || (source is >= '\u2e80' and <= '\ua4cf' && source != '\u303f')
            || source is >= '\uac00' and <= '\ud7a3'
            || source is >= '\uf900' and <= '\ufaff'
            || source is >= '\ufe10' and <= '\ufe19'
            || source is >= '\ufe30' and <= '\ufe6f'
            || source is >= '\uff00' and <= '\uff60'
            || source is >= '\uffe0' and <= '\uffe6';
        return wide ? 2 : 1;
    }
}
