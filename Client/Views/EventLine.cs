using System.Globalization;
using System.Text.RegularExpressions;
using Bam.Client.RunFiles;
using Bam.Contracts.Status;
using Spectre.Console;

namespace Bam.Client.Views;

/// <summary>An event on the screen: when, what, and which model it is about.</summary>
internal static class EventLine
{
    private const int WordWidth = 11, Narrow = 80, MostLines = 2;

    /// <summary>The event in one line, or in two where one does not do.</summary>
    public static IReadOnlyList<TextLine> Of(RunEvent line, DateTimeOffset now, TimeZoneInfo zone, int width, Glyphs glyphs)
    {
        var (at, today) = (TimeZoneInfo.ConvertTime(line.Time, zone), TimeZoneInfo.ConvertTime(now, zone).Date);
        var (word, style) = Word(line.Kind);
        var start = new TextLine()
            .Add(at.ToString(at.Date == today ? "HH:mm:ss" : "MM-dd HH:mm:ss", CultureInfo.InvariantCulture), Ink.Dim)
            .Add(width < Narrow ? " " : "  ")
            .Add(word, style);
        if (width >= Narrow) start.PadTo(start.Width - word.Length + WordWidth);
        return [.. TextLine.Wrap(start.Add(" "), Printable.Line(Named(line)), Ink.Plain, width, MostLines, glyphs)];
    }

    /// <summary>An event's text under the model that it is about.</summary>
    public static string Named(RunEvent line) =>
        line.Member is { } member && !Regex.IsMatch(line.Text, $@"(?<![\w-]){Regex.Escape(member)}(?![\w-])") ? $"{member}: {line.Text}" : line.Text;

    private static (string Word, Style Style) Word(RunEventKind kind) => kind switch
    {
        RunEventKind.PhaseBegan => ("phase", Ink.Busy),
        RunEventKind.CheckpointPublished => ("checkpoint", Ink.Dim),
        RunEventKind.CheckpointDamaged => ("damaged", Ink.Bad),
        RunEventKind.TrainingFailed or RunEventKind.MemberFailed => ("failed", Ink.Bad),
        RunEventKind.MemberCompleted => ("completed", Ink.Good),
        RunEventKind.BatchSkipped => ("skipped", Ink.Warning),
        RunEventKind.SaveFailed => ("not saved", Ink.Warning),
        RunEventKind.Lost or RunEventKind.Resumed or RunEventKind.Retried or RunEventKind.Paused => (Plain(kind), Ink.Warning),
        RunEventKind.Queued => (Plain(kind), Ink.Dim),
        _ => (Plain(kind), Ink.Busy),
    };

    private static string Plain(RunEventKind kind) => kind.ToString().ToLowerInvariant();
}
