using System.Globalization;
using Bam.Client.Reports.Pages;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Bam.Client.Reports.Plots;

/// <summary>What was when: the phases of a run above a row for each of its models.</summary>
internal static class TimelinePlot
{
    private const int RowHeight = 34;

    private const double PixelsOfPlot = 860, PixelsOfLetter = 7.2;

    /// <param name="timeline">What happened.</param>
    /// <param name="models">Models in the run's order.</param>
    /// <param name="began">Where time is 0.</param>
    /// <param name="until">Where it ends.</param>
    public static PlotImage Of(Timeline timeline, IReadOnlyList<string> models, DateTimeOffset began, DateTimeOffset until) =>
        Canvas.Draw("timeline", 110 + ((models.Count + 1) * RowHeight), (plot, theme) => Draw(plot, theme, timeline, models, began, until));

    private static void Draw(Plot plot, PlotTheme theme, Timeline timeline, IReadOnlyList<string> models, DateTimeOffset began, DateTimeOffset until)
    {
        var (unit, word) = (until - began).TotalSeconds switch
        {
            < 180 => (1.0, "seconds"),
            < 3 * 3600 => (60.0, "minutes"),
            < 3 * 86400 => (3600.0, "hours"),
            _ => (86400.0, "days"),
        };
        double At(DateTimeOffset time) => (time - began).TotalSeconds / unit;
        var length = Math.Max(At(until), 1e-3);
        double Row(string model) => models.Count - 1 - models.ToList().IndexOf(model);

        foreach (var (index, phase) in timeline.Phases.Index())
        {
            var (left, right) = (At(phase.Begin), At(phase.End));
            Bar(plot, left, right, models.Count, 0.3, theme.Page.InterpolateRgb(theme.Quiet, index % 2 == 0 ? 0.32 : 0.18));
            if ((right - left) / length * PixelsOfPlot < (phase.Title.Length * PixelsOfLetter) + 8) continue;
            var text = plot.Add.Text(phase.Title, (left + right) / 2, models.Count);
            (text.LabelFontColor, text.LabelAlignment, text.LabelFontSize) = (theme.Ink, Alignment.MiddleCenter, 12);
        }

        foreach (var span in timeline.Spans.Where(span => models.Contains(span.Member)))
        {
            var color = theme.Of(models.ToList().IndexOf(span.Member)).Color;
            var fill = span.Kind switch
            {
                SpanKind.Training => color,
                SpanKind.Recovering => theme.Alarm.WithAlpha(0.55),
                SpanKind.Paused => theme.Quiet.WithAlpha(0.45),
                _ => color.WithAlpha(0.18),
            };
            Bar(plot, At(span.Begin), At(span.End), Row(span.Member), span.Kind == SpanKind.Training ? 0.3 : 0.16, fill);
        }

        Marks(plot, timeline.Marks.Where(mark => !mark.IsMishap), MarkerShape.VerticalBar, theme.Page.WithAlpha(0.85), 11);
        Marks(plot, timeline.Marks.Where(mark => mark.IsMishap), MarkerShape.FilledDiamond, theme.Alarm, 11);
        plot.XLabel($"{word} since the launch");
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic { LabelFormatter = value => value.ToString("0.##", CultureInfo.InvariantCulture) };
        plot.Axes.Left.SetTicks(
            [models.Count, .. models.Select((_, i) => (double)(models.Count - 1 - i))], ["phase", .. models]);
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Axes.Left.TickLabelStyle.FontSize = 13;
        plot.Axes.Left.TickLabelStyle.ForeColor = theme.Ink;
        plot.Grid.YAxisStyle.IsVisible = false;
        plot.Axes.SetLimits(0, length * 1.005, -0.6, models.Count + 0.6);

        void Marks(Plot on, IEnumerable<MemberMark> marks, MarkerShape shape, Color color, float size)
        {
            foreach (var mark in marks.Where(mark => models.Contains(mark.Member)))
                on.Add.Marker(At(mark.Time), Row(mark.Member), shape, size, color);
        }
    }

    private static void Bar(Plot plot, double left, double right, double row, double half, Color fill)
    {
        var bar = plot.Add.Rectangle(left, right, row - half, row + half);
        bar.FillColor = fill;
        bar.LineWidth = 0;
    }
}
