using Spectre.Console.Rendering;

namespace Bam.Client.Views;

/// <summary>Frames of tables without box-drawing characters, for an output that is not UTF-8.</summary>
internal sealed class AsciiOnly : IRenderHook
{
    public IEnumerable<IRenderable> Process(RenderOptions options, IEnumerable<IRenderable> renderables) => renderables.Select(one => new Spelled(one));

    private static char Spell(char c) => c switch
    {
        '─' or '━' or '═' => '-',
        '│' or '┃' or '║' => '|',
        >= '\u2500' and <= '\u257f' => '+',
        _ => c,
    };

    private sealed class Spelled(IRenderable inner) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => inner.Measure(options, maxWidth);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) => inner.Render(options, maxWidth).Select(segment =>
            segment.IsControlCode || segment.IsLineBreak ? segment : new Segment(string.Concat(segment.Text.Select(Spell)), segment.Style));
    }
}
