using Bam.Contracts.Status;

namespace Bam.Client.Chaos.Invariants;

/// <summary>What must hold between a run's status and its event log. Both come from the coordinator, the log a moment later.</summary>
internal static class EventCheck
{
    /// <summary>How the log ends the line of a new attempt that nothing bad was the reason for.</summary>
    private static readonly string[] Planned = [": it was stopped", ": the run was paused", ": it is evaluated again", ": it is tried again"];

    /// <param name="status">The run.</param>
    /// <param name="events">Its log from the first line on.</param>
    public static IEnumerable<Violation> Of(RunStatus status, IReadOnlyList<RunEvent> events)
    {
        foreach (var (line, next) in events.Zip(events.Skip(1)))
        {
            if (next.Sequence != line.Sequence + 1)
                yield return new(Invariant.RestartsTold, null, $"the event log goes from line {line.Sequence} to {next.Sequence}");
        }

        if (events.Count > 0 && events[0].Sequence != 1)
            yield break;   // a long log forgets its first lines: nothing can be counted any more
        foreach (var member in status.Members)
        {
            foreach (var violation in Of(member, [.. events.Where(line => line.Member == member.Name)]))
                yield return violation;
        }
    }

    private static IEnumerable<Violation> Of(MemberStatus member, RunEvent[] lines)
    {
        var attempts = lines.Where(line => line.Kind is RunEventKind.Started or RunEventKind.Resumed).ToArray();
        foreach (var (line, next) in attempts.Zip(attempts.Skip(1)))
        {
            if (next.Attempt <= line.Attempt)
                yield return new(Invariant.OnePublisher, member.Name, $"attempt {next.Attempt} begins after attempt {line.Attempt} (lines {line.Sequence} and {next.Sequence} of the log)");
        }

        foreach (var line in attempts.Where(line => line.Kind == RunEventKind.Resumed && Reason(line).Length == 0))
            yield return new(Invariant.RestartsTold, member.Name, $"line {line.Sequence} of the log gives no reason: {line.Text}");
        if (member.Restarts > Math.Max(0, Trains(member) ? member.Attempt - 1 : member.Attempt))   // one that ended badly may have no successor yet
            yield return new(Invariant.RestartsTold, member.Name, $"{member.Restarts} restarts in {member.Attempt} attempts");
        if (!Trains(member))
            yield break;   // its newest attempt is told when it trains
        var told = attempts.Count(line => line.Kind == RunEventKind.Resumed && !Planned.Any(reason => line.Text.EndsWith(reason, StringComparison.Ordinal)));
        if (told != member.Restarts)
            yield return new(Invariant.RestartsTold, member.Name, $"{member.Restarts} restarts in the status, {told} in the event log");
    }

    private static string Reason(RunEvent line) => line.Text.IndexOf(": ", StringComparison.Ordinal) is var colon and >= 0 ? line.Text[(colon + 2)..].Trim() : "";

    private static bool Trains(MemberStatus member) => member.State is MemberState.Training or MemberState.Evaluating or MemberState.Completed;
}
