using Bam.Contracts.Status;

namespace Bam.Client.Views;

/// <summary>Perplexity of models by domains, with the best of each column.</summary>
/// <param name="Columns">Names of the domains, and the average.</param>
/// <param name="Rows">A row a model, in the order of the evaluations.</param>
internal sealed record PerplexityGrid(IReadOnlyList<string> Columns, IReadOnlyList<PerplexityRow> Rows)
{
    public static PerplexityGrid Of(RunStatus status)
    {
        var models = status.Evaluations.Select(one => one.Model).Distinct().ToList();
        var domains = status.Evaluations.Select(one => one.Domain).Distinct().ToList();
        var values = models.ConvertAll(model => Row(status.Evaluations, model, domains));
        var best = Enumerable.Range(0, domains.Count + 1)
            .Select(column => values.Select(row => row[column]).Where(double.IsFinite).DefaultIfEmpty().Min())
            .ToList();
        return new([.. domains, "average"], [.. models.Zip(values, (model, row) => new PerplexityRow(
            model, [.. row.Select((value, column) => (value, value == best[column]))], status.Members.FirstOrDefault(member => member.Name == model)))]);
    }

    /// <summary>Perplexity in each domain and their mean; NaN for what was not evaluated.</summary>
    private static double[] Row(IReadOnlyList<Evaluation> evaluations, string model, List<string> domains)
    {
        var row = domains.ConvertAll(domain =>
            evaluations.LastOrDefault(one => one.Model == model && one.Domain == domain)?.Perplexity ?? double.NaN);
        return [.. row, row.Average()];
    }
}
