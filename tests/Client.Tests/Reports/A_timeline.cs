using Bam.Client.Reports;
using Bam.Client.Tests.Views;
using Bam.Contracts.Status;

namespace Bam.Client.Tests.Reports;

public sealed class A_timeline
{
    [Fact]
    public void Has_what_each_model_did_when()
    {
        var timeline = Timeline.Of(Reported.Completed.Events, Reported.Completed.Until);

        Assert.Equal([("seed model", 0, 200), ("branches", 200, 420), ("train the mixtures", 420, 710), ("evaluation", 710, 720)], timeline.Phases.Select(phase => (phase.Title, At(phase.Begin), At(phase.End))));
        Assert.Equal(
            [
                ("seed", SpanKind.Waiting, 0, 5), ("seed", SpanKind.Training, 5, 200), ("law", SpanKind.Waiting, 201, 210), ("law", SpanKind.Training, 210, 300), ("law", SpanKind.Recovering, 300, 304),
                ("law", SpanKind.Training, 304, 420), ("bam", SpanKind.Waiting, 420, 421), ("bam", SpanKind.Training, 421, 710),
            ],
            timeline.Spans.Select(span => (span.Member, span.Kind, At(span.Begin), At(span.End))));
        Assert.Equal([("law", 260, false), ("law", 300, true)], timeline.Marks.Select(mark => (mark.Member, At(mark.Time), mark.IsMishap)));
    }

    [Fact]
    public void Goes_to_the_present_while_a_run_goes_on_and_has_its_pauses()
    {
        RunEvent[] events =
        [
            Statuses.Event(1, RunEventKind.PhaseBegan, "seed model"), Statuses.Event(2, RunEventKind.Started, "on silo-1", "seed") with { Step = 0 },
            Statuses.Event(10, RunEventKind.Paused, "the sessions save and end"), Statuses.Event(20, RunEventKind.Continued, "the run goes on"),
            Statuses.Event(22, RunEventKind.Resumed, "and ended before it trained", "seed"), Statuses.Event(25, RunEventKind.Resumed, "from step 7", "seed") with { Step = 7 },
        ];

        var timeline = Timeline.Of(events, Statuses.Launched + TimeSpan.FromSeconds(30));

        Assert.Equal([("seed model", 1, 30)], timeline.Phases.Select(phase => (phase.Title, At(phase.Begin), At(phase.End))));
        Assert.Equal([(SpanKind.Waiting, 1, 2), (SpanKind.Training, 2, 10), (SpanKind.Paused, 10, 25), (SpanKind.Training, 25, 30)], timeline.Spans.Select(span => (span.Kind, At(span.Begin), At(span.End))));
    }

    private static int At(DateTimeOffset time) => (int)(time - Statuses.Launched).TotalSeconds;
}
