using Bam.Client.Reports.Pages;
using Bam.Contracts.Status;

namespace Bam.Client.Reports.Plots;

/// <summary>Training curves of several models in one plot.</summary>
internal static class LossPlot
{
    /// <summary>Curves of up to so many points are drawn as they are.</summary>
    private const int FewPoints = 60;

    /// <param name="name">File name without ending.</param>
    /// <param name="curves">Each with its model's place in the run and the tokens from which it begins.</param>
    public static PlotImage Of(string name, IReadOnlyList<(ModelHistory History, int Index, long FirstToken)> curves) =>
        Canvas.Draw(name, 400, (plot, theme) =>
        {
            foreach (var (history, index, first) in curves)
            {
                var (color, pattern) = theme.Of(index);
                var xs = history.Training.Select(point => (double)(first + point.Tokens)).ToArray();
                var ys = history.Training.Select(point => point.Loss).ToArray();
                var reach = Reach(history);
                if (reach > 0)
                {
                    var raw = plot.Add.ScatterLine(xs, ys, color.WithAlpha(0.28));
                    raw.LineWidth = 1;
                }

                var line = plot.Add.Scatter(xs, Smooth(ys, reach), color);
                line.LineWidth = 2.2f;
                line.LinePattern = pattern;
                line.MarkerSize = xs.Length == 1 ? 7 : 0;
                line.LegendText = history.Name;
            }

            plot.LossAxes("training loss (nats a token)");
            plot.LegendBeside();
        });

    /// <summary>How the lines of these curves came from their points.</summary>
    public static string Smoothing(IEnumerable<ModelHistory> curves) => curves.Max(Reach) is > 0 and var reach
        ? $"Each point is the mean loss of the steps since the point before; strong lines are the mean of up to {(2 * reach) + 1} neighbouring points, the points themselves lie behind them."
        : "Each point is the mean loss of the steps since the point before; nothing is smoothed beyond that.";

    /// <summary>Points to each side that a point of the line is the mean of.</summary>
    private static int Reach(ModelHistory history) => history.Training.Count <= FewPoints ? 0 : Math.Max(1, history.Training.Count / 60);

    private static double[] Smooth(double[] values, int reach) =>
    [
        .. values.Select((_, i) =>
        {
            var near = Math.Min(reach, Math.Min(i, values.Length - 1 - i));    // even at the ends the mean is of both sides
            return values[(i - near)..(i + near + 1)].Average();
        }),
    ];
}
