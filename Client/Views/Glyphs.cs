namespace Bam.Client.Views;

/// <summary>The characters that pictures are made of, each one cell wide.</summary>
/// <param name="Filled">The part of a bar that is done.</param>
/// <param name="Half">Half a cell of it; empty where there is none.</param>
/// <param name="Rest">The part of a bar that is left.</param>
/// <param name="Sparks">The levels of a sparkline, from the lowest; not the full block, by which it would touch the row above.</param>
/// <param name="Ellipsis">Stands for text that was cut off.</param>
/// <param name="Done">Marks a phase that is over.</param>
/// <param name="Current">Marks the phase that goes on.</param>
/// <param name="Later">Marks a phase that has not begun.</param>
/// <param name="Failed">Marks the phase in which a run ended before its time.</param>
/// <param name="Below">Leads from a line to what belongs to it.</param>
internal sealed record Glyphs(
    string Filled, string Half, string Rest, string Sparks, string Ellipsis, string Done, string Current, string Later, string Failed, string Below)
{
    public static readonly Glyphs Unicode = new("━", "╸", "─", "▁▂▃▄▅▆▇", "…", "✓", "▸", "·", "✗", "└");

    /// <summary>For an output that is not UTF-8.</summary>
    public static readonly Glyphs Ascii = new("#", "", ".", ".:-=+*#", "~", "+", ">", "-", "x", "`");

    public static Glyphs Of(bool unicode) => unicode ? Unicode : Ascii;
}
