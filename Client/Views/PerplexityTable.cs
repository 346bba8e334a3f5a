using Bam.Contracts.Status;
using Spectre.Console;

namespace Bam.Client.Views;

/// <summary>Perplexity of models by domains, the best of each column in bold; then what the model's own training took.</summary>
internal static class PerplexityTable
{
    /// <summary>A row a model, a column a domain, in the order of the evaluations, and their arithmetic mean.</summary>
    public static Table Of(RunStatus status)
    {
        var grid = PerplexityGrid.Of(status);
        var table = new Table { Border = TableBorder.Rounded, Title = new TableTitle("Perplexity") };
        table.AddColumn(new TableColumn("model") { NoWrap = true });
        foreach (var name in grid.Columns.Concat(["tokens", "FLOPs"]))
            table.AddColumn(new TableColumn(Markup.Escape(name)) { NoWrap = true, Alignment = Justify.Right });
        foreach (var row in grid.Rows)
            table.AddRow([Markup.Escape(row.Model), .. row.Cells.Select(Cell), row.Tokens, row.Flops]);
        return table;
    }

    private static string Cell((double Value, bool IsBest) cell) =>
        cell.IsBest ? $"[bold]{Figures.Measure(cell.Value)}[/]" : Figures.Measure(cell.Value);
}
