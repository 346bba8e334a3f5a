using Bam.Contracts.Status;
using Spectre.Console;

namespace Bam.Client.Views;

/// <summary>Perplexity of models by domains; the best of each column in bold.</summary>
internal static class PerplexityTable
{
    /// <summary>A row a model, a column a domain, in the order of the evaluations, and their arithmetic mean.</summary>
    public static Table Of(IReadOnlyList<Evaluation> evaluations)
    {
        var models = evaluations.Select(one => one.Model).Distinct().ToList();
        var domains = evaluations.Select(one => one.Domain).Distinct().ToList();
        var table = new Table { Border = TableBorder.Rounded, Title = new TableTitle("Perplexity") };
        table.AddColumn(new TableColumn("model") { NoWrap = true });
        foreach (var name in domains.Append("average"))
            table.AddColumn(new TableColumn(Markup.Escape(name)) { NoWrap = true, Alignment = Justify.Right });

        var values = models.Select(model => Row(evaluations, model, domains)).ToList();
        var best = Enumerable.Range(0, domains.Count + 1)
            .Select(column => values.Select(row => row[column]).Where(double.IsFinite).DefaultIfEmpty().Min())
            .ToList();
        foreach (var (model, row) in models.Zip(values))
            table.AddRow([Markup.Escape(model), .. row.Select((value, column) => Cell(value, value == best[column]))]);
        return table;
    }

    /// <summary>Perplexity in each domain and their mean; NaN for what was not evaluated.</summary>
    private static double[] Row(IReadOnlyList<Evaluation> evaluations, string model, List<string> domains)
    {
        var row = domains.ConvertAll(domain =>
            evaluations.LastOrDefault(one => one.Model == model && one.Domain == domain)?.Perplexity ?? double.NaN);
        return [.. row, row.Average()];
    }

    private static string Cell(double value, bool best) => best ? $"[bold]{Figures.Measure(value)}[/]" : Figures.Measure(value);
}
