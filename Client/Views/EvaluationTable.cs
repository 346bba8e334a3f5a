using Bam.Client.Verbs;
using Spectre.Console;

namespace Bam.Client.Views;

/// <summary>One model on its domains or files, a row each.</summary>
internal static class EvaluationTable
{
    public static Table Of(IReadOnlyList<EvaluationRow> rows)
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumn(new TableColumn("text") { NoWrap = true });
        foreach (var column in new[] { "tokens", "nll", "perplexity", "bits/byte", "window", "stride" })
            table.AddColumn(new TableColumn(column) { NoWrap = true, Alignment = Justify.Right });
        foreach (var row in rows)
        {
            table.AddRow(
                Markup.Escape(row.Name), Figures.Exact(row.Tokens), Figures.Measure(row.Nll, 4), Figures.Measure(row.Perplexity),
                Figures.Measure(row.BitsPerByte, 4), Length(row.Window), Length(row.Stride));
        }

        return table;
    }

    /// <summary>A dash for what a run of an older version did not write down.</summary>
    private static string Length(int tokens) => tokens > 0 ? Figures.Exact(tokens) : "-";
}
