using Bam.Client.Diagnosis;
using Spectre.Console;

namespace Bam.Client.Views;

/// <summary>What <c>bam doctor</c> found, a line a check and a line a fix.</summary>
internal static class CheckTable
{
    public static Table Of(IReadOnlyList<Check> checks)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = false };
        for (var column = 0; column < 3; column++) table.AddColumn(new TableColumn(""));
        foreach (var check in checks)
        {
            table.AddRow(Word(check.Verdict), Markup.Escape(check.Name), Markup.Escape(check.Found));
            if (check.Fix is { } fix) table.AddRow("", "", $"[bold]fix:[/] {Markup.Escape(fix)}");
        }

        return table;
    }

    private static string Word(Verdict verdict) => verdict switch
    {
        Verdict.Passed => "[green]ok[/]",
        Verdict.Absent => "[grey]none[/]",
        _ => "[red]FAILED[/]",
    };
}
