using Bam.Client.RunFiles;
using Bam.Contracts.Status;
using Spectre.Console;

namespace Bam.Client.Views;

/// <summary>A row for each model of a run.</summary>
internal static class MemberRows
{
    private const int LeastBar = 8, MostBar = 24, LeastCurve = 8, MostCurve = 32, LeastName = 6, EnoughName = 16;

    /// <returns>The headings, and a line a model in the run file's order.</returns>
    public static (TextLine Head, IReadOnlyList<TextLine> Rows) Of(IReadOnlyList<MemberStatus> members, LossCurves curves, int width, Glyphs glyphs) =>
        Grid.Lay([.. Columns(curves, glyphs).Where(column => column.Rank == 0 || members.Any(member => column.Cell(member, column.Most ?? int.MaxValue).Width > 0))], members, width, glyphs);

    private static IReadOnlyList<Column<MemberStatus>> Columns(LossCurves curves, Glyphs glyphs) =>
    [
        new("model", 0, (member, _) => Text(Printable.Line(member.Name), Ink.Strong)) { Least = LeastName, Enough = EnoughName },
        new("kind", 11, (member, _) => Text(Word(member.Kind), Ink.Dim)) { From = 130 },
        new("state", 0, (member, _) => Text(Word(member.State), Ink.Of(member.State))) { Least = LeastName },
        new("done", 0, (member, _) => Text(Figures.Percent(member.Progress))) { Right = true },
        new("", 4, (member, width) => new TextLine().Bars(member.Progress, width, Ink.Of(member.State), glyphs)) { Least = LeastBar, Most = MostBar },
        new("step", 1, (member, _) => Text($"{member.Step}/{member.TargetSteps}")) { Right = true },
        new("loss", 2, (member, _) => Text(double.IsNaN(member.Loss) ? "" : Figures.Measure(member.Loss))) { Right = true },
        new("", 6, (member, width) => Text(Sparkline.Of(curves[member.Name].In(width), glyphs), Ink.Curve)) { Least = LeastCurve, Most = MostCurve },
        new("tokens/s", 7, (member, _) => Text(member.TokensPerSecond > 0 ? Figures.Scaled(member.TokensPerSecond) : "")) { Right = true },
        new("MFU", 9, (member, _) => Text(member.Mfu > 0 ? Figures.Percent(member.Mfu) : "")) { Right = true },
        new("device", 8, (member, _) => Text(Printable.Line(member.Device ?? ""))),
        new("try", 5, (member, _) => Text(member.Attempt > 0 ? $"{member.Attempt}" : "", member.Attempt > 1 ? Ink.Alarm : Ink.Plain)) { Right = true },
        new("ETA", 3, (member, _) => Text(member is { State: MemberState.Training, Remaining: { } time } ? Figures.Duration(time) : "")) { Right = true },
    ];

    private static TextLine Text(string text, Style? style = null) => new TextLine().Add(text, style);

    private static string Word(Enum value) => value.ToString().ToLowerInvariant();
}
