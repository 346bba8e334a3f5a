using Bam.Client.Chaos;
using Bam.Client.Chaos.Invariants;
using Bam.Contracts.Status;

namespace Bam.Client.Tests.Chaos;

public sealed class A_told_restart
{
    private static readonly RunEvent[] Log =
    [
        Line(1, RunEventKind.Launched, "3 branches", null),
        Line(2, RunEventKind.Started, "on silo-1/cpu", 1),
        Line(3, RunEventKind.Lost, "silo-1 is gone", 1),
        Line(4, RunEventKind.Resumed, "on silo-2/cpu from step 40: the silo that trained it died", 2),
        Line(5, RunEventKind.Resumed, "on silo-3/cpu from step 47: it was stopped", 3),
    ];

    [Fact]
    public void Is_in_status_log_and_metrics()
    {
        Assert.Empty(EventCheck.Of(Status(attempt: 3, restarts: 1), Log));
        Assert.Empty(MetricCheck.Of(Status(3, 1), Counters(lost: 1, moved: 1, recoveries: 1), complete: true));
    }

    [Fact]
    public void May_be_missing_from_metrics_whose_silo_died_only()
    {
        Assert.Empty(MetricCheck.Of(Status(3, 1), [], complete: false));
        Assert.Equal(
            "bam_restarts_total says 0 restarts, the status 1, and its counter was never lost",
            Assert.Single(MetricCheck.Of(Status(3, 1), [], complete: true)).Evidence);
    }

    [Fact]
    public void Is_told_again_by_every_silo_that_takes_the_run_over() =>
        Assert.Empty(MetricCheck.Of(Status(3, 1), [.. Counters(lost: 1, moved: 0, recoveries: 1), .. Counters(lost: 1, moved: 1, recoveries: 1)], complete: false));

    [Theory]
    [InlineData(3, 2, "2 restarts in the status, 1 in the event log")]
    [InlineData(3, 0, "0 restarts in the status, 1 in the event log")]
    [InlineData(1, 1, "1 restarts in 1 attempts")]
    public void Is_missed_in_the_event_log(int attempt, int restarts, string evidence) =>
        Assert.Contains(new(Invariant.RestartsTold, "law", evidence), EventCheck.Of(Status(attempt, restarts), Log));

    [Fact]
    public void Is_not_yet_missed_in_the_event_log_while_its_attempt_prepares() =>
        Assert.Empty(EventCheck.Of(Status(4, 2, MemberState.Preparing), Log));

    [Fact]
    public void Must_have_a_reason() =>
        Assert.Equal(
            new(Invariant.RestartsTold, "law", "line 4 of the log gives no reason: on silo-2/cpu from step 40"),
            Assert.Single(EventCheck.Of(Status(3, 1), [.. Log[..3], Log[3] with { Text = "on silo-2/cpu from step 40" }, Log[4]])));

    [Fact]
    public void Must_be_of_a_later_attempt() =>
        Assert.Equal(
            new(Invariant.OnePublisher, "law", "attempt 2 begins after attempt 2 (lines 4 and 5 of the log)"),
            Assert.Single(EventCheck.Of(Status(3, 1), [.. Log[..4], Log[4] with { Attempt = 2 }])));

    [Fact]
    public void Is_missed_when_the_log_has_a_gap() =>
        Assert.Contains(
            new(Invariant.RestartsTold, null, "the event log goes from line 3 to 5"),
            EventCheck.Of(Status(3, 0), [.. Log[..3], Log[4]]));

    [Theory]
    [InlineData(2, 1, 1, "bam_restarts_total says 2 restarts, the status 1")]
    [InlineData(1, 2, 1, "bam_restarts_total says 2 orderly moves, the status 1")]
    [InlineData(1, 1, 3, "bam_recovery_duration_seconds tells of 3 recoveries, the status of 2 new attempts")]
    public void Is_never_counted_more_often_than_it_happened(int lost, int moved, int recoveries, string evidence) =>
        Assert.Equal(evidence, Assert.Single(MetricCheck.Of(Status(3, 1), Counters(lost, moved, recoveries), complete: false)).Evidence);

    [Fact]
    public void Is_what_lost_steps_come_from() =>
        Assert.Equal(
            "bam_steps_lost_total is 7, and there was no second attempt",
            Assert.Single(MetricCheck.Of(Status(1, 0), [Sample("bam_steps_lost_total", 7)], complete: false)).Evidence);

    [Fact]
    public void Must_not_come_from_what_is_no_death()
    {
        Assert.Empty(FalseAlarmCheck.Of(Status(3, 1), Status(3, 1), "hiccup of silo-1", graceful: false));
        Assert.Empty(FalseAlarmCheck.Of(Status(3, 1), Status(4, 1), "stop of silo-1", graceful: true));
        Assert.Equal(
            "after hiccup of silo-1: attempt 3 became 4, restarts 1 became 1 (no reason given)",
            Assert.Single(FalseAlarmCheck.Of(Status(3, 1), Status(4, 1), "hiccup of silo-1", graceful: false)).Evidence);
        Assert.Equal(
            Invariant.NoFalseAlarm, Assert.Single(FalseAlarmCheck.Of(Status(3, 1), Status(4, 2), "stop of silo-1", graceful: true)).Invariant);
    }

    [Theory]
    [InlineData("aa", null)]
    [InlineData("bb", "ends with aa, undisturbed with bb")]
    [InlineData(null, "ends with aa, undisturbed with no weights")]
    public void Must_end_with_the_bits_of_the_undisturbed_run(string? expected, string? evidence) =>
        Assert.Equal(evidence, HashCheck.Of(Status(3, 1), new Dictionary<string, string?> { ["law"] = expected }).SingleOrDefault()?.Evidence);

    [Fact]
    public void Is_read_from_the_text_of_a_silo()
    {
        var samples = SiloMetrics.Parse("""
            # HELP bam_restarts_total Attempts that took over.
            bam_restarts_total{otel_scope_name="Bam.Training",run="four",branch="law",reason="lost"} 2 1767225600000
            bam_build_info 1
            process_cpu_count 2
            """);

        Assert.Equal(["bam_restarts_total", "bam_build_info"], samples.Select(sample => sample.Name));
        Assert.Equal(("four", "law", "lost", 2.0), (samples[0].Label("run"), samples[0].Label("branch"), samples[0].Label("reason"), samples[0].Value));
    }

    private static RunStatus Status(int attempt, int restarts, MemberState state = MemberState.Training) => new()
    {
        Name = "four",
        Phase = RunPhase.Branch,
        Members = [new() { Name = "law", Kind = MemberKind.Branch, State = state, Attempt = attempt, Restarts = restarts, CheckpointHash = "aa" }],
    };

    private static RunEvent Line(long sequence, RunEventKind kind, string text, int? attempt) =>
        new() { Sequence = sequence, Time = default, Kind = kind, Member = attempt is null ? null : "law", Text = text, Attempt = attempt };

    private static MetricSample[] Counters(int lost, int moved, int recoveries) =>
    [
        Sample("bam_restarts_total", lost, ("reason", "lost")), Sample("bam_restarts_total", moved, ("reason", "moved")),
        Sample("bam_recovery_duration_seconds_count", recoveries), Sample("bam_restarts_total", 9, ("reason", "lost")) with { Labels = new Dictionary<string, string> { ["run"] = "other", ["branch"] = "law" } },
    ];

    private static MetricSample Sample(string name, double value, params (string Name, string Value)[] more) =>
        new(name, new[] { ("run", "four"), ("branch", "law") }.Concat(more).ToDictionary(label => label.Item1, label => label.Item2), value);
}
