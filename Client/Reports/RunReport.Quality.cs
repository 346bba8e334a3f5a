using System.Globalization;
using Bam.Client.Reports.Pages;
using Bam.Client.Reports.Plots;
using Bam.Client.Views;

namespace Bam.Client.Reports;

/// <summary>What the finished models are worth, and how their experts share the work.</summary>
internal static partial class RunReport
{
    private static IEnumerable<Block> Perplexities(ReportFacts facts)
    {
        yield return new Block.Heading(2, "Perplexity");
        if (facts.Status.Evaluations.Count == 0)
        {
            yield return new Block.Paragraph("No model is finished and evaluated yet.");
            yield break;
        }

        var grid = PerplexityGrid.Of(facts.Status);
        yield return new Block.Table(
            [("model", false), .. grid.Columns.Select(column => (column, true)), ("tokens", true), ("FLOPs", true)],
            [.. grid.Rows.Select(row => (IReadOnlyList<Cell>)[row.Model, .. row.Cells.Select(cell => new Cell(Figures.Measure(cell.Value), cell.IsBest)), row.Tokens, row.Flops])]);
        yield return new Block.Paragraph($"Perplexity of the finished models on each domain's validation text, lower is better, the best of each column in bold; tokens and FLOPs are those of the model's own training.{Windows(facts)}");
    }

    private static string Windows(ReportFacts facts)
    {
        var shapes = facts.Status.Evaluations.Where(one => one.Window > 0).Select(one => (one.Window, one.Stride)).Distinct().ToArray();
        return shapes is [var (window, stride)]
            ? string.Create(CultureInfo.InvariantCulture, $" Windows of {window} tokens, {stride} apart.")
            : "";
    }

    private static IEnumerable<Block> Shares(ReportFacts facts)
    {
        yield return new Block.Heading(2, "Expert shares");
        var routed = facts.Status.Evaluations.Where(one => one.Routing.Count > 0).GroupBy(one => one.Model).ToArray();
        if (routed.Length == 0)
        {
            yield return new Block.Paragraph("No mixture with routers is finished and evaluated yet.");
            yield break;
        }

        yield return new Block.Paragraph("What each expert takes of each domain's validation text, as the mean over the layers: the part of the tokens that it gets (FFN), and its mean gate (attention).");
        foreach (var (index, model) in routed.Index())
        {
            ExpertShares[] maps = [.. ExpertShares.Of([.. model.Select(one => (one.Domain, one.Routing))], model.First().Experts)];
            yield return new Block.Heading(3, model.Key);
            yield return new Block.Figure(
                SharePlot.Of(Slug("experts", model.Key, index + 1), maps), $"Expert shares of {model.Key} by domain",
                $"{model.Key}: {string.Join("; ", maps.Select(map => $"mean entropy of the {map.Router} gates {Figures.Measure(map.Rows.Average(row => row.Entropy), 2)} nats"))} (even gates have {Figures.Measure(Math.Log(maps[0].Experts.Count), 2)}).");
        }
    }
}
