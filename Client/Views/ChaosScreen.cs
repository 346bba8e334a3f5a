using Bam.Client.Chaos;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Bam.Client.Views;

/// <summary>What chaos did to a run, and whether it held.</summary>
internal static class ChaosScreen
{
    public static IRenderable Render(ChaosReport report)
    {
        var table = new Table { Border = TableBorder.Rounded };
        foreach (var column in new[] { "fault", "times", "recoveries", "median", "worst" })
            table.AddColumn(new TableColumn(column) { NoWrap = true });
        foreach (var kind in report.Kinds)
            table.AddRow(FaultKinds.Word(kind.Kind), $"{kind.Faults}", $"{kind.Recovered}", Seconds(kind.Median), Seconds(kind.Worst));

        var rows = new List<IRenderable> { table };
        rows.AddRange(report.Unchecked.Select(what => new Text($"not checked: {what}")));
        rows.AddRange(report.Violations.Select(violation =>
            new Markup($"[red]VIOLATED[/] {JsonName(violation.Invariant)}{Markup.Escape(violation.Member is { } member ? $", {member}" : "")}: {Markup.Escape(violation.Evidence)}")));
        rows.Add(report.Violations.Count == 0
            ? new Text($"every invariant held: {report.Faults.Count} faults, {report.Checks} checks, seed {report.Seed}")
            : new Text($"seed {report.Seed}; the same schedule again, on a run that begins: {report.Command}"));
        return new Rows(rows);
    }

    private static string JsonName(Enum value) => System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName($"{value}");

    private static string Seconds(TimeSpan? time) => time is { } some ? $"{some.TotalSeconds:0.0} s" : "-";
}
