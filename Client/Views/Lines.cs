using Spectre.Console.Rendering;

namespace Bam.Client.Views;

/// <summary>Something that draws itself in lines no wider than it is told.</summary>
internal abstract class Lines : Renderable
{
    /// <summary>The lines, none wider than <paramref name="width"/> cells.</summary>
    public abstract IReadOnlyList<TextLine> Of(int width, Glyphs glyphs);

    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        foreach (var line in Of(maxWidth, Glyphs.Of(options.Unicode)))
        {
            foreach (var segment in line.Segments) yield return segment;
            yield return Segment.LineBreak;
        }
    }
}
