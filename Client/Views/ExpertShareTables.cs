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
        string model, IReadOnlyList<(string Name, IReadOnlyList<RouterUse> Layers)> texts, IReadOnlyList<string> experts) =>
        ExpertShares.Of(texts, experts).Select(shares => Table(model, shares));

    private static Table Table(string model, ExpertShares shares)
    {
        var table = new Table { Border = TableBorder.Rounded, Title = new TableTitle(Markup.Escape($"Expert shares of {model}: {shares.Router}")) };
        table.AddColumn(new TableColumn("text") { NoWrap = true });
        foreach (var column in shares.Experts.Append("entropy"))
            table.AddColumn(new TableColumn(Markup.Escape(column)) { NoWrap = true, Alignment = Justify.Right });
        foreach (var row in shares.Rows)
            table.AddRow([Markup.Escape(row.Text), .. row.Shares.Append(row.Entropy).Select(value => Figures.Measure(value))]);
        return table;
    }
}
