using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Bam.Contracts.Status;
using Bam.Training.Checkpoints;

namespace Bam.Grains.Telemetry;

/// <summary>
/// Spans of what takes long: phases, checkpoints, recoveries. Each is told when it is over, by whoever saw the end, so none is lost with the
/// silo that saw the beginning. All spans of a run have the same trace id, derived from its name, whichever silo tells them.
/// </summary>
internal static class TrainingTraces
{
    public const string SourceName = TrainingMetrics.MeterName;

    private static readonly ActivitySource Source = new(SourceName);

    public static void Phase(string run, RunPhase phase, DateTimeOffset began, DateTimeOffset ended) =>
        Tell("phase", run, null, began, ended, Tag("bam.phase", MetricLabels.Of(phase)));

    /// <summary>A save that has just ended, well or not.</summary>
    public static void Checkpoint(string run, string member, SaveOutcome outcome)
    {
        var ended = DateTimeOffset.UtcNow;
        Tell("checkpoint", run, member, ended - outcome.Held - outcome.Written, ended,
            Tag("bam.step", outcome.Checkpoint?.Manifest.Step), Tag("bam.bytes", outcome.Bytes),
            Tag("bam.held_seconds", outcome.Held.TotalSeconds), Tag("error", outcome.Problem?.Message));
    }

    /// <summary>From the notice of a death to the first new step.</summary>
    public static void Recovery(string run, string member, int attempt, DateTimeOffset missed, TimeSpan took) =>
        Tell("recovery", run, member, missed, missed + took, Tag("bam.attempt", attempt));

    private static void Tell(
        string what, string run, string? member, DateTimeOffset began, DateTimeOffset ended, params ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!Source.HasListeners())
            return;
        using var span = Source.StartActivity(what, ActivityKind.Internal, Parent(run), [new("bam.run", run)], links: null, startTime: began);
        if (span is null)
            return;
        span.SetTag("bam.branch", member);
        foreach (var (key, value) in tags)
            span.SetTag(key, value);
        if (span.GetTagItem("error") is string problem)
            span.SetStatus(ActivityStatusCode.Error, problem);
        span.SetEndTime(ended.UtcDateTime);
    }

    private static KeyValuePair<string, object?> Tag(string key, object? value) => new(key, value);

    private static ActivityContext Parent(string run)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(run));
        return new ActivityContext(
            ActivityTraceId.CreateFromBytes(hash.AsSpan(0, 16)), ActivitySpanId.CreateFromBytes(hash.AsSpan(16, 8)), ActivityTraceFlags.Recorded, isRemote: true);
    }
}
