using Bam.Client.Reports.Pages;

namespace Bam.Client.Reports.Plots;

/// <summary>What models lose on one domain's validation text while they are trained.</summary>
internal static class ValidationPlot
{
    /// <param name="name">File name without ending.</param>
    /// <param name="curves">A model's name, its place in the run, and tokens and losses of its points.</param>
    public static PlotImage Of(string name, IReadOnlyList<(string Model, int Index, double[] Tokens, double[] Losses)> curves) =>
        Canvas.Draw(name, 300, (plot, theme) =>
        {
            foreach (var (model, index, tokens, losses) in curves)
            {
                var (color, pattern) = theme.Of(index);
                var line = plot.Add.Scatter(tokens, losses, color);
                line.LineWidth = 2.2f;
                line.LinePattern = pattern;
                line.MarkerSize = 6;
                line.LegendText = model;
            }

            plot.LossAxes("validation loss (nats a token)");
            plot.LegendBeside();
        });
}
