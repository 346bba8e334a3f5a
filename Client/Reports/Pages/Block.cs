namespace Bam.Client.Reports.Pages;

/// <summary>A piece of a report. Its texts are plain: each page escapes them in its own way.</summary>
internal abstract record Block
{
    private Block()
    {
    }

    /// <param name="Level">2 for a section, 3 below it.</param>
    internal sealed record Heading(int Level, string Text) : Block;

    internal sealed record Paragraph(string Text) : Block;

    /// <summary>Something that must not be overlooked.</summary>
    internal sealed record Alarm(string Text) : Block;

    /// <summary>A few numbers at a glance.</summary>
    internal sealed record Headline(IReadOnlyList<(string Name, string Value)> Facts) : Block;

    /// <param name="Columns">Their names, and whether they have numbers, which stand at the right.</param>
    /// <param name="Rows">As many cells as columns in each.</param>
    internal sealed record Table(IReadOnlyList<(string Name, bool IsNumber)> Columns, IReadOnlyList<IReadOnlyList<Cell>> Rows) : Block;

    /// <param name="Language">What the text is written in, such as yaml.</param>
    internal sealed record Code(string Language, string Text) : Block;

    /// <param name="Image">A plot.</param>
    /// <param name="Alternative">What it shows, for who cannot see it.</param>
    /// <param name="Caption">What must be known to read it.</param>
    internal sealed record Figure(PlotImage Image, string Alternative, string Caption) : Block;
}
