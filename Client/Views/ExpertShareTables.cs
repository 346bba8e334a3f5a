using Bam.Contracts.Status;
using Spectre.Console;

namespace Bam.Client.Views;

/// <summary>What a mixture's routers did on each text, as the mean over its layers.</summary>
internal static class ExpertShareTables
{
    /// <summary>The FFN experts, and the attention experts when there are any: a row a text, a column an expert, the gates' entropy.</summary>
    /// <param name="model">Name of the mixture.</param>
    /// <param name="texts">Its routers on each domain or file, a layer each.</param>
    /// <param name="experts">Names of its experts, in order.</param>
    public static IEnumerable<Table> Of(
        string model, IReadOnlyList<(string Name, IReadOnlyList<RouterUse> Layers)> texts, IReadOnlyList<string> experts)
    {
        yield return Table(
            $"Expert shares of {model}: FFN", experts,
            texts.Select(text => (text.Name, Mean(text.Layers, use => use.FfnShares), text.Layers.Average(use => use.FfnEntropy))));
        if (texts.All(text => text.Layers.All(use => use.AttentionShares.Count == 0))) yield break;
        yield return Table(
            $"Expert shares of {model}: attention", experts,
            texts.Select(text => (
                text.Name, Mean(text.Layers, use => use.AttentionShares), text.Layers.Average(use => use.AttentionEntropy) ?? double.NaN)));
    }

    private static Table Table(
        string title, IReadOnlyList<string> experts, IEnumerable<(string Name, double[] Shares, double Entropy)> rows)
    {
        var table = new Table { Border = TableBorder.Rounded, Title = new TableTitle(Markup.Escape(title)) };
        table.AddColumn(new TableColumn("text") { NoWrap = true });
        foreach (var column in Numbered(experts).Append("entropy"))
            table.AddColumn(new TableColumn(Markup.Escape(column)) { NoWrap = true, Alignment = Justify.Right });
        foreach (var (name, shares, entropy) in rows)
            table.AddRow([Markup.Escape(name), .. experts.Select((_, i) => Share(shares, i)), Figures.Measure(entropy)]);
        return table;
    }

    private static string Share(double[] shares, int expert) => expert < shares.Length ? Figures.Measure(shares[expert]) : "-";

    /// <summary>An expert that stands more than once: <c>seed</c>, <c>seed 2</c>.</summary>
    private static IEnumerable<string> Numbered(IReadOnlyList<string> experts) =>
        experts.Select((name, i) => experts.Take(i).Count(before => before == name) is > 0 and var twins ? $"{name} {twins + 1}" : name);

    private static double[] Mean(IReadOnlyList<RouterUse> layers, Func<RouterUse, IReadOnlyList<double>> shares)
    {
        var width = layers.Min(use => shares(use).Count);
        return [.. Enumerable.Range(0, width).Select(expert => layers.Average(use => shares(use)[expert]))];
    }
}
