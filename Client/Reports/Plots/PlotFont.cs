using ScottPlot;
using SkiaSharp;

namespace Bam.Client.Reports.Plots;

/// <summary>The font of plots comes with the program (Inter, see Fonts/LICENSE.txt): a bare host has none, and labels look the same everywhere.</summary>
internal sealed class PlotFont : IFontResolver
{
    public const string Name = "Inter";

    private static readonly Lazy<PlotFont> Installed = new(() =>
    {
        var font = new PlotFont();
        ScottPlot.Fonts.FontResolvers.Insert(0, font);
        ScottPlot.Fonts.Default = ScottPlot.Fonts.Sans = Name;
        return font;
    });

    private readonly SKTypeface _regular = Load("Inter-Regular.otf"), _strong = Load("Inter-SemiBold.otf");

    /// <summary>Before the first plot of a process.</summary>
    public static void Install() => _ = Installed.Value;

    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) =>
        fontName != Name ? null : weight >= FontWeight.SemiBold ? _strong : _regular;

    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) =>
        CreateTypeface(fontName, bold ? FontWeight.Bold : FontWeight.Normal, FontSlant.Upright, FontSpacing.Normal);

    private static SKTypeface Load(string resource)
    {
        using var stream = typeof(PlotFont).Assembly.GetManifestResourceStream(resource)!;
        return SKTypeface.FromStream(stream);
    }
}
