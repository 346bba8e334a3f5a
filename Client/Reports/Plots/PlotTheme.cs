using ScottPlot;

namespace Bam.Client.Reports.Plots;

/// <summary>Colours of plots on a light or a dark page. The same place in both palettes is the same hue: a model keeps its colour.</summary>
internal sealed record PlotTheme
{
    public static readonly PlotTheme Light = new()
    {
        Page = Color.FromHex("#ffffff"),
        Ink = Color.FromHex("#1f2328"),
        Quiet = Color.FromHex("#59636e"),
        Line = Color.FromHex("#d8dee4"),
        Panel = Color.FromHex("#f0f3f6"),
        Alarm = Color.FromHex("#cf222e"),
        Warmth = Color.FromHex("#0b57b0"),
        Palette =
        [
            .. new[] { "#57606a", "#0969da", "#1a7f37", "#bc4c00", "#8250df", "#bf3989", "#0e7c86", "#9a6700", "#a40e26", "#4c6b22", "#3b4fb8", "#86592d" }
                .Select(Color.FromHex),
        ],
    };

    public static readonly PlotTheme Dark = new()
    {
        Page = Color.FromHex("#0d1117"),
        Ink = Color.FromHex("#e6edf3"),
        Quiet = Color.FromHex("#9198a1"),
        Line = Color.FromHex("#272e38"),
        Panel = Color.FromHex("#1b222c"),
        Alarm = Color.FromHex("#ff7b72"),
        Warmth = Color.FromHex("#1f6feb"),
        Palette =
        [
            .. new[] { "#b1bac4", "#58a6ff", "#56d364", "#f0883e", "#bc8cff", "#f778ba", "#3fc7d1", "#e3b341", "#ff8e8e", "#b3d97a", "#93a3ff", "#d5a878" }
                .Select(Color.FromHex),
        ],
    };

    public required Color Page { get; init; }

    public required Color Ink { get; init; }

    /// <summary>Of what is read second: axes and their labels.</summary>
    public required Color Quiet { get; init; }

    /// <summary>Of the grid.</summary>
    public required Color Line { get; init; }

    /// <summary>Of surfaces beside the page.</summary>
    public required Color Panel { get; init; }

    public required Color Alarm { get; init; }

    /// <summary>The full end of a heat map.</summary>
    public required Color Warmth { get; init; }

    public required IReadOnlyList<Color> Palette { get; init; }

    /// <summary>The colour and the pattern of a model's lines; beyond the palette the colours come again with another pattern.</summary>
    /// <param name="index">Place of the model in its run.</param>
    public (Color Color, LinePattern Pattern) Of(int index) => (
        Palette[index % Palette.Count],
        (index / Palette.Count % 3) switch { 0 => LinePattern.Solid, 1 => LinePattern.Dashed, _ => LinePattern.Dotted });
}
