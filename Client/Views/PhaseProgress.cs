using Bam.Contracts.Status;

namespace Bam.Client.Views;

/// <summary>One phase of a run.</summary>
/// <param name="Phase">Which.</param>
/// <param name="State">Completed, Training, Failed, Cancelled or Pending.</param>
/// <param name="Done">Part of its models' steps that is done; null for a phase that trains nothing.</param>
/// <param name="Remaining">Time to its end at the present speed; null when unknown.</param>
internal sealed record PhaseProgress(RunPhase Phase, MemberState State, double? Done, TimeSpan? Remaining)
{
    private static readonly RunPhase[] All =
        [RunPhase.Seed, RunPhase.Branch, RunPhase.Gather, RunPhase.Mix, RunPhase.Continue, RunPhase.Evaluate];

    /// <summary>The six phases of a run.</summary>
    public static IReadOnlyList<PhaseProgress> Of(RunStatus run)
    {
        var current = Array.IndexOf(All, run.HasEnded ? EndedIn(run) : run.Phase);
        return [.. All.Select((phase, i) =>
        {
            var members = run.Members.Where(member => PhaseOf(member.Kind) == phase).ToArray();
            var state = i < current ? MemberState.Completed : i > current ? MemberState.Pending : run.Phase switch
            {
                RunPhase.Completed => MemberState.Completed,
                RunPhase.Failed => MemberState.Failed,
                RunPhase.Cancelled => MemberState.Cancelled,
                _ => MemberState.Training,
            };
            return new PhaseProgress(phase, state, members.Length == 0 ? null : Part(members), state == MemberState.Training ? Time(members) : null);
        })];
    }

    private static RunPhase PhaseOf(MemberKind kind) => kind switch
    {
        MemberKind.Seed => RunPhase.Seed,
        MemberKind.Branch => RunPhase.Branch,
        _ => RunPhase.Continue,
    };

    private static RunPhase EndedIn(RunStatus run) =>
        run.Members.Where(member => member.State != MemberState.Completed).Select(member => PhaseOf(member.Kind)).DefaultIfEmpty(RunPhase.Evaluate).Min();

    private static double Part(MemberStatus[] members)
    {
        var steps = members.Sum(member => Math.Max(0, member.TargetSteps));
        return steps == 0
            ? members.Count(member => member.State == MemberState.Completed) / (double)members.Length
            : members.Sum(member => member.Progress * Math.Max(0, member.TargetSteps)) / steps;
    }

    /// <summary>Models that wait are as fast as those that train, and come when a device is free.</summary>
    private static TimeSpan? Time(MemberStatus[] members)
    {
        var known = members.Where(member => member is { Remaining: not null, State: MemberState.Training } && Left(member) > 0).ToArray();
        if (known.Length == 0) return null;
        var secondsAStep = known.Average(member => member.Remaining!.Value.TotalSeconds / Left(member));
        var left = members.Select(member => member.State == MemberState.Training && member.Remaining is { } time ? time.TotalSeconds : Left(member) * secondsAStep).ToArray();
        return TimeSpan.FromSeconds(Math.Min(Math.Max(left.Max(), left.Sum() / known.Length), TimeSpan.MaxValue.TotalSeconds / 2));
    }

    private static long Left(MemberStatus member) =>
        member.State is MemberState.Completed or MemberState.Failed or MemberState.Cancelled ? 0 : Math.Max(0, member.TargetSteps - member.Step);
}
