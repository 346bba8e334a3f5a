using System.Globalization;
using Bam.Client.Reports.Pages;
using Bam.Client.Reports.Plots;
using Bam.Client.Views;
using Bam.Contracts.Status;

namespace Bam.Client.Reports;

/// <summary>What happened when.</summary>
internal static partial class RunReport
{
    private const int MostMishaps = 60;

    private static IEnumerable<Block> Times(ReportFacts facts)
    {
        yield return new Block.Heading(2, "Timeline");
        var timeline = Timeline.Of(facts.Events, facts.Until);
        var models = facts.Status.Members.Select(member => member.Name).ToArray();
        if (timeline.Phases.Count + timeline.Spans.Count == 0)
        {
            yield return new Block.Paragraph("Nothing has begun yet.");
        }
        else
        {
            var missing = facts.Events.Count > 0 ? facts.Events[0].Sequence - 1 : 0;
            yield return new Block.Figure(
                TimelinePlot.Of(timeline, models, facts.Status.Launched, facts.Until), "Phases of the run and what each model did when",
                "Bars: training and evaluation in the model's colour, thin and pale while it waits for a device or is prepared, thin and red while it recovers; notches are checkpoints, red diamonds are mishaps." +
                (missing > 0 ? $" The first {Figures.Exact(missing)} events are not kept any more." : ""));
        }

        yield return new Block.Heading(3, "Recoveries and mishaps");
        var mishaps = facts.Events.Where(line => Said(line.Kind) is not null).ToArray();
        if (mishaps.Length == 0)
        {
            yield return new Block.Paragraph("None: every model trained in one attempt, and every checkpoint was written at the first try.");
            yield break;
        }

        yield return new Block.Table(
            [("time (UTC)", false), ("after", true), ("model", false), ("what", false), ("from step", true), ("attempt", true), ("reason", false)],
            [.. mishaps.TakeLast(MostMishaps).Select(line => (IReadOnlyList<Cell>)
            [
                line.Time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture), Figures.Duration(line.Time - facts.Status.Launched),
                line.Member ?? "the run", Said(line.Kind)!, line.Step is { } step ? Figures.Exact(step) : "", line.Attempt is { } attempt ? Figures.Exact(attempt) : "", line.Text,
            ])]);
        if (mishaps.Length > MostMishaps)
            yield return new Block.Paragraph($"These are the last {MostMishaps} of {mishaps.Length}; bam logs {facts.Status.Name} has all that are kept.");
    }

    /// <summary>What a line of the event log is to the table of mishaps; null for what goes as it should.</summary>
    private static string? Said(RunEventKind kind) => kind switch
    {
        RunEventKind.Lost => "lost",
        RunEventKind.TrainingFailed => "attempt failed",
        RunEventKind.Resumed => "resumed",
        RunEventKind.MemberFailed => "failed",
        RunEventKind.CheckpointDamaged => "checkpoint damaged",
        RunEventKind.SaveFailed => "checkpoint not saved",
        RunEventKind.BatchSkipped => "batch left out",
        RunEventKind.Paused => "paused",
        RunEventKind.Continued => "continued",
        RunEventKind.Retried => "tried again",
        _ => null,
    };
}
