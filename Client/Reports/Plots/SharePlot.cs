using Bam.Client.Reports.Pages;
using Bam.Client.Views;
using ScottPlot;

namespace Bam.Client.Reports.Plots;

/// <summary>A mixture's expert shares by domain: a heat map for its FFN experts and one for its attention experts.</summary>
internal static class SharePlot
{
    private const double Gap = 0.9, LeastFull = 0.5;                           // of even shares none is to look like all

    private const double EvenContrast = 0.19;                                  // where black and white letters are read equally well

    private const int RowHeight = 44, ColumnWidth = 92;

    public static PlotImage Of(string name, IReadOnlyList<ExpertShares> maps)
    {
        var (experts, rows) = (maps[0].Experts.Count, maps[0].Rows.Count);
        var width = Math.Clamp(130 + (int)(((maps.Count * experts) + ((maps.Count - 1) * Gap)) * ColumnWidth), 420, Canvas.Width);
        return Canvas.Draw(name, 110 + (rows * RowHeight), (plot, theme) => Draw(plot, theme, maps), width);
    }

    private static void Draw(Plot plot, PlotTheme theme, IReadOnlyList<ExpertShares> maps)
    {
        var rows = maps[0].Rows.Count;
        var full = maps.SelectMany(map => map.Rows).SelectMany(row => row.Shares).Where(double.IsFinite).Append(LeastFull).Max();
        var (places, names) = (new List<double>(), new List<string>());
        foreach (var (index, map) in maps.Index())
        {
            var left = index * (map.Experts.Count + Gap);
            Strong(plot.Add.Text($"{(map.Router == "FFN" ? "FFN" : "Attention")} experts", left + (map.Experts.Count / 2.0), rows + 0.12), theme.Ink, Alignment.LowerCenter, 14);
            for (var row = 0; row < rows; row++)
            {
                for (var expert = 0; expert < map.Experts.Count; expert++)
                    Cell(plot, theme, map.Rows[row].Shares[expert], full, left + expert, rows - 1 - row);
            }

            places.AddRange(map.Experts.Select((_, expert) => left + expert + 0.5));
            names.AddRange(map.Experts);
        }

        plot.Axes.Bottom.SetTicks([.. places], [.. names]);
        plot.Axes.Left.SetTicks([.. Enumerable.Range(0, rows).Select(row => rows - 0.5 - row)], [.. maps[0].Rows.Select(row => row.Text)]);
        foreach (var axis in new IAxis[] { plot.Axes.Bottom, plot.Axes.Left })
        {
            axis.MajorTickStyle.Length = 0;
            axis.FrameLineStyle.Width = 0;
            axis.TickLabelStyle.FontSize = 13;
            axis.TickLabelStyle.ForeColor = theme.Ink;
        }

        plot.HideGrid();
        plot.Axes.SetLimits(-0.05, (maps.Count * (maps[0].Experts.Count + Gap)) - Gap + 0.05, -0.05, rows + 0.6);
    }

    private static void Cell(Plot plot, PlotTheme theme, double share, double full, double left, double bottom)
    {
        const double edge = 0.025;
        var part = double.IsNaN(share) ? 0 : Math.Clamp(share / full, 0, 1);
        var fill = theme.Panel.InterpolateRgb(theme.Warmth, part);
        var cell = plot.Add.Rectangle(left + edge, left + 1 - edge, bottom + edge, bottom + 1 - edge);
        cell.FillColor = fill;
        cell.LineWidth = 0;
        var ink = Luminance(fill) > EvenContrast ? Color.FromHex("#14171a") : Color.FromHex("#ffffff");
        Strong(plot.Add.Text(double.IsNaN(share) ? "-" : Figures.Measure(share, 2), left + 0.5, bottom + 0.5), ink, Alignment.MiddleCenter, 13);
    }

    private static void Strong(ScottPlot.Plottables.Text text, Color color, Alignment alignment, float size)
    {
        text.LabelFontColor = color;
        text.LabelAlignment = alignment;
        text.LabelFontSize = size;
        text.LabelBold = true;
    }

    /// <summary>As light as a colour is to the eye, in [0, 1].</summary>
    private static double Luminance(Color color) => (0.2126 * Linear(color.R)) + (0.7152 * Linear(color.G)) + (0.0722 * Linear(color.B));

    private static double Linear(byte value) => Math.Pow(value / 255.0, 2.2);
}
