using Spectre.Console;

namespace Bam.Client.Views;

/// <summary>How much of something is done.</summary>
internal static class Bar
{
    /// <param name="line">What it is added to.</param>
    /// <param name="part">In [0, 1].</param>
    /// <param name="width">Cells.</param>
    public static TextLine Bars(this TextLine line, double part, int width, Style style, Glyphs glyphs)
    {
        var halves = (int)(Math.Clamp(double.IsNaN(part) ? 0 : part, 0, 1) * width * 2);
        var done = string.Concat(Enumerable.Repeat(glyphs.Filled, halves / 2)) + (halves % 2 == 1 ? glyphs.Half : "");
        return line.Add(done, style).Add(string.Concat(Enumerable.Repeat(glyphs.Rest, width - done.Length)), Ink.Dim);
    }
}
