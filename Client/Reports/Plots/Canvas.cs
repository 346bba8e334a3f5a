using Bam.Client.Reports.Pages;
using Bam.Client.Views;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Bam.Client.Reports.Plots;

/// <summary>Draws a plot twice, for a light page and a dark one, with what all plots of a report have in common.</summary>
internal static class Canvas
{
    public const int Width = 1000;

    private const int Density = 2;

    /// <param name="name">File name without ending.</param>
    /// <param name="height">Height to show it with.</param>
    /// <param name="draw">Draws on an empty plot.</param>
    /// <param name="width">Width to show it with.</param>
    public static PlotImage Draw(string name, int height, Action<Plot, PlotTheme> draw, int width = Width) =>
        new(name, width, height, Png(width, height, PlotTheme.Light, draw), Png(width, height, PlotTheme.Dark, draw));

    /// <summary>Axes from a number of tokens to a loss, with a legend at the right.</summary>
    public static void LossAxes(this Plot plot, string loss)
    {
        plot.XLabel("tokens");
        plot.YLabel(loss);
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic { LabelFormatter = Figures.Scaled };
        plot.Axes.Margins(left: 0.01, right: 0.02, bottom: 0.08, top: 0.08);
    }

    /// <summary>A legend beside the plot, where it hides nothing.</summary>
    public static void LegendBeside(this Plot plot) => plot.ShowLegend(Edge.Right);

    private static byte[] Png(int width, int height, PlotTheme theme, Action<Plot, PlotTheme> draw)
    {
        PlotFont.Install();
        using var plot = new Plot();
        plot.ScaleFactor = Density;
        plot.FigureBackground.Color = theme.Page;
        plot.DataBackground.Color = theme.Page;
        plot.Axes.Color(theme.Quiet);
        plot.Axes.Top.FrameLineStyle.Width = plot.Axes.Right.FrameLineStyle.Width = 0;
        plot.Axes.Left.FrameLineStyle.Width = 0;
        plot.Grid.MajorLineColor = theme.Line;
        plot.Legend.BackgroundColor = theme.Page;
        plot.Legend.FontColor = theme.Ink;
        plot.Legend.OutlineWidth = 0;
        plot.Legend.ShadowColor = Colors.Transparent;
        plot.Legend.FontSize = 13;
        plot.Font.Set(PlotFont.Name);
        draw(plot, theme);
        plot.Axes.Left.MinorTickStyle.Length = plot.Axes.Bottom.MinorTickStyle.Length = 0;
        plot.Axes.Left.Label.Bold = plot.Axes.Bottom.Label.Bold = false;
        plot.Axes.Left.Label.FontSize = plot.Axes.Bottom.Label.FontSize = 13;
        return plot.GetImage(width * Density, height * Density).GetImageBytes(ImageFormat.Png, 100);
    }
}
