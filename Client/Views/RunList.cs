using Bam.Client.RunFiles;
using Bam.Contracts.Status;

namespace Bam.Client.Views;

/// <summary>The runs of a cluster, a row each.</summary>
/// <param name="runs">The runs, and the status of those that go on.</param>
/// <param name="now">The present.</param>
internal sealed class RunList(IReadOnlyList<(RunSummary Run, RunStatus? Status)> runs, DateTimeOffset now) : Lines
{
    public override IReadOnlyList<TextLine> Of(int width, Glyphs glyphs)
    {
        var (head, rows) = Grid.Lay(Columns(glyphs), runs, width, glyphs);
        return [head, .. rows];
    }

    private IReadOnlyList<Column<(RunSummary Run, RunStatus? Status)>> Columns(Glyphs glyphs) =>
    [
        new("run", 0, (row, _) => new TextLine().Add(Printable.Line(row.Run.Name), Ink.Strong)) { Least = 6, Enough = 16 },
        new("phase", 0, (row, _) => new TextLine().Add(row.Run.Phase.ToString().ToLowerInvariant(), Ink.Of(row.Run.Phase)).Add(row.Status is { Paused: true } ? " (paused)" : "", Ink.Warning)) { Least = 6 },
        new("done", 0, (row, _) => new TextLine().Add(Figures.Percent(Progress(row)))) { Right = true },
        new("", 3, (row, width) => double.IsNaN(Progress(row)) ? TextLine.Empty : new TextLine().Bars(Progress(row), width, Ink.Of(row.Run.Phase), glyphs)) { Least = 8, Most = 24 },
        new("launched", 2, (row, _) => new TextLine().Add(PlainLines.Time(row.Run.Launched), Ink.Dim)),
        new("took", 1, (row, _) => new TextLine().Add(Figures.Duration((row.Run.Ended ?? now) - row.Run.Launched))) { Right = true },
        new("ETA", 1, (row, _) => new TextLine().Add(row.Status?.Remaining is { } time ? Figures.Duration(time) : "")) { Right = true },
    ];

    private static double Progress((RunSummary Run, RunStatus? Status) row) => row.Status?.Progress ?? (row.Run.Phase == RunPhase.Completed ? 1 : double.NaN);
}
