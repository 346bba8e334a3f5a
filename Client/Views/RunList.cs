using Bam.Contracts.Status;
using Spectre.Console;

namespace Bam.Client.Views;

/// <summary>The runs of a cluster, a row each.</summary>
internal static class RunList
{
    public static Table Of(IReadOnlyList<RunSummary> runs)
    {
        var table = new Table { Border = TableBorder.Rounded };
        foreach (var column in new[] { "run", "phase", "launched", "took" }) table.AddColumn(new TableColumn(column) { NoWrap = true });
        foreach (var run in runs)
        {
            table.AddRow(
                Markup.Escape(run.Name), run.Phase.ToString().ToLowerInvariant(), PlainLines.Time(run.Launched),
                Figures.Duration(run.Ended - run.Launched));
        }

        return table;
    }
}
