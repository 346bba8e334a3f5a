using Bam.Contracts.Status;

namespace Bam.Client.Chaos.Invariants;

/// <summary>What must hold between two looks at a run when what happened in between was no death.</summary>
internal static class FalseAlarmCheck
{
    /// <param name="before">The run before.</param>
    /// <param name="after">The run after.</param>
    /// <param name="fault">What happened, for the evidence.</param>
    /// <param name="graceful">Whether there may be new attempts, as long as none replaces one that died or failed.</param>
    public static IEnumerable<Violation> Of(RunStatus before, RunStatus after, string fault, bool graceful) =>
        from old in before.Members
        join member in after.Members on old.Name equals member.Name
        where member.Restarts > old.Restarts || (!graceful && member.Attempt > Math.Max(1, old.Attempt))
        select new Violation(Invariant.NoFalseAlarm, member.Name,
            $"after {fault}: attempt {old.Attempt} became {member.Attempt}, restarts {old.Restarts} became {member.Restarts} ({member.Error ?? "no reason given"})");
}
