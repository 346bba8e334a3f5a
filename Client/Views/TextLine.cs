using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Bam.Client.Views;

/// <summary>One line of styled text that knows its width in the terminal's cells.</summary>
internal sealed class TextLine
{
    private readonly List<Segment> _segments = [];

    public static TextLine Empty => new();

    /// <summary>Its width in cells.</summary>
    public int Width { get; private set; }

    public IReadOnlyList<Segment> Segments => _segments;

    public TextLine Add(string text, Style? style = null)
    {
        if (text.Length == 0) return this;
        _segments.Add(new(text, style ?? Ink.Plain));
        Width += text.GetCellWidth();
        return this;
    }

    public TextLine Add(TextLine other)
    {
        foreach (var segment in other._segments) Add(segment.Text, segment.Style);
        return this;
    }

    /// <summary>Spaces up to a width.</summary>
    public TextLine PadTo(int width) => Add(new string(' ', Math.Max(0, width - Width)));

    /// <summary>The line, cut to a width; a cut one ends in an ellipsis.</summary>
    public TextLine Fit(int width, Glyphs glyphs)
    {
        if (Width <= width) return this;
        var cut = new TextLine();
        foreach (var segment in _segments)
        {
            if (cut.Width + segment.CellCount() <= width - 1)
            {
                cut.Add(segment.Text, segment.Style);
                continue;
            }

            var (head, _) = Split(segment.Text, width - 1 - cut.Width);
            return width < 1 ? cut : cut.Add(head, segment.Style).Add(glyphs.Ellipsis, segment.Style);
        }

        return cut;
    }

    /// <summary>Text in lines of a width, broken at spaces where there are some; what is too much ends in an ellipsis.</summary>
    /// <param name="start">What the first line begins with; the others are indented as far.</param>
    /// <param name="most">How many lines at most.</param>
    public static IEnumerable<TextLine> Wrap(TextLine start, string text, Style style, int width, int most, Glyphs glyphs)
    {
        var indent = start.Width;
        var room = width - indent;
        for (var line = 1; ; line++)
        {
            if (line >= most || room < 8 || text.GetCellWidth() <= room)
            {
                yield return start.Add(text, style).Fit(width, glyphs);
                yield break;
            }

            var (head, _) = Split(text, room);
            var space = text[head.Length] == ' ' ? head.Length : head.LastIndexOf(' ');
            if (space > 0) head = text[..space];
            yield return start.Add(head.TrimEnd(), style);
            text = text[head.Length..].TrimStart();
            start = new TextLine().PadTo(indent);
        }
    }

    public override string ToString() => string.Concat(_segments.Select(segment => segment.Text));

    /// <summary>Divides text so that the first part is at most so many cells wide; never within a character.</summary>
    private static (string Head, string Tail) Split(string text, int cells)
    {
        var (length, width) = (0, 0);
        while (length < text.Length)
        {
            var next = StringInfo.GetNextTextElementLength(text, length);
            var wide = text.Substring(length, next).GetCellWidth();
            if (width + wide > cells) break;
            (length, width) = (length + next, width + wide);
        }

        return (text[..length], text[length..]);
    }
}
