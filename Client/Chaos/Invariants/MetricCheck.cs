using Bam.Contracts.Status;

namespace Bam.Client.Chaos.Invariants;

/// <summary>
/// What must hold between a run's status and its coordinators' counters. They may tell of less than happened, never of more: a silo that dies
/// takes its recovery times with it, and one that has just taken over has not told of the restarts yet. While one process has coordinated all the
/// time, they must tell of all.
/// </summary>
internal static class MetricCheck
{
    /// <summary>The reasons of attempts that replace one which did not die or fail.</summary>
    private static readonly string[] Planned = ["moved", "paused", "retried"];

    /// <param name="status">The run.</param>
    /// <param name="counters">The last that every process ever said.</param>
    /// <param name="complete">Whether one and the same process has coordinated since the run began.</param>
    public static IEnumerable<Violation> Of(RunStatus status, IReadOnlyList<MetricSample> counters, bool complete)
    {
        foreach (var member in status.Members)
        {
            var own = counters.Where(sample => sample.Label("run") == status.Name && sample.Label("branch") == member.Name).ToArray();
            var (attempts, took) = (Math.Max(0, member.Attempt - 1), 0.0);
            double Sum(string name) => own.Where(sample => sample.Name == name).Sum(sample => sample.Value);
            // In the run's whole life, as each coordinator knew it: the newest has the most.
            var restarts = own.Where(sample => sample.Name == "bam_restarts_total").GroupBy(sample => sample.Label("reason"))
                .ToLookup(reason => Planned.Contains(reason.Key), reason => reason.Max(sample => sample.Value));
            took = Sum("bam_recovery_duration_seconds_count");
            if (own.FirstOrDefault(sample => sample.Name == "bam_restarts_total" && sample.Label("reason") is null or "") is { } bare)
                yield return new(Invariant.RestartsTold, member.Name, $"bam_restarts_total without a reason: {bare}");
            if (restarts[false].Sum() > member.Restarts)
                yield return new(Invariant.RestartsTold, member.Name, $"bam_restarts_total says {restarts[false].Sum()} restarts, the status {member.Restarts}");
            else if (complete && restarts[false].Sum() < member.Restarts)
                yield return new(Invariant.RestartsTold, member.Name, $"bam_restarts_total says {restarts[false].Sum()} restarts, the status {member.Restarts}, and its counter was never lost");
            if (restarts[true].Sum() > attempts - member.Restarts)
                yield return new(Invariant.RestartsTold, member.Name, $"bam_restarts_total says {restarts[true].Sum()} orderly moves, the status {attempts - member.Restarts}");
            if (took > attempts)
                yield return new(Invariant.RestartsTold, member.Name, $"bam_recovery_duration_seconds tells of {took} recoveries, the status of {attempts} new attempts");
            if (Sum("bam_steps_lost_total") > 0 && attempts == 0)
                yield return new(Invariant.RestartsTold, member.Name, $"bam_steps_lost_total is {Sum("bam_steps_lost_total")}, and there was no second attempt");
        }
    }
}
