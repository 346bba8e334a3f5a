using Bam.Contracts.Status;
using Spectre.Console;

namespace Bam.Client.Views;

/// <summary>Perplexity of models by domains, the best of each column in bold; then what the model's own training took.</summary>
internal static class PerplexityTable
{
    /// <summary>A row a model, a column a domain, in the order of the evaluations, and their arithmetic mean.</summary>
    public static Table Of(RunStatus status)
    {
        var models = status.Evaluations.Select(one => one.Model).Distinct().ToList();
        var domains = status.Evaluations.Select(one => one.Domain).Distinct().ToList();
        var table = new Table { Border = TableBorder.Rounded, Title = new TableTitle("Perplexity") };
        table.AddColumn(new TableColumn("model") { NoWrap = true });
        foreach (var name in domains.Concat(["average", "tokens", "FLOPs"]))
            table.AddColumn(new TableColumn(Markup.Escape(name)) { NoWrap = true, Alignment = Justify.Right });

        var values = models.ConvertAll(model => Row(status.Evaluations, model, domains));
        var best = Enumerable.Range(0, domains.Count + 1)
            .Select(column => values.Select(row => row[column]).Where(double.IsFinite).DefaultIfEmpty().Min())
            .ToList();
        foreach (var (model, row) in models.Zip(values))
        {
            var member = status.Members.FirstOrDefault(member => member.Name == model);
            table.AddRow(
            [
                Markup.Escape(model), .. row.Select((value, column) => Cell(value, value == best[column])), Spent(member?.Tokens), Spent(member?.Flops),
            ]);
        }

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

    /// <summary>A dash for a model that was not trained here.</summary>
    private static string Spent(double? number) => number > 0 ? Figures.Scaled(number.Value) : "-";
}
