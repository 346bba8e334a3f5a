namespace Bam.Contracts.Status;

/// <summary>A run at a glance: what <c>bam status</c> and <c>bam watch</c> show.</summary>
[GenerateSerializer, Immutable, Alias("bam.RunStatus")]
public sealed record RunStatus
{
    [Id(0)] public required string Name { get; init; }

    [Id(1)] public required RunPhase Phase { get; init; }

    [Id(2)] public DateTimeOffset Launched { get; init; }

    /// <summary>When it completed, failed or was cancelled; null while it goes on.</summary>
    [Id(3)] public DateTimeOffset? Ended { get; init; }

    /// <summary>The seed model, the branches and the mixtures, in the run file's order.</summary>
    [Id(4)] public IReadOnlyList<MemberStatus> Members { get; init; } = [];

    [Id(5)] public IReadOnlyList<Evaluation> Evaluations { get; init; } = [];

    /// <summary>Why the run failed.</summary>
    [Id(6)] public string? Error { get; init; }

    /// <summary>Useful training time over the time that device slots were held, in [0, 1]; NaN before any.</summary>
    [Id(7)] public double Goodput { get; init; } = double.NaN;

    /// <summary>Time to the end at the present speed; null when unknown.</summary>
    [Id(8)] public TimeSpan? Remaining { get; init; }

    /// <summary>Whether the run stands still until it is resumed.</summary>
    [Id(9)] public bool Paused { get; init; }

    /// <summary>Part of the run's steps that is done, in [0, 1].</summary>
    public double Progress
    {
        get
        {
            if (Phase == RunPhase.Completed)
                return 1;
            var steps = Members.Sum(member => Math.Max(0, member.TargetSteps));
            return steps == 0 ? 0 : Members.Sum(member => member.Progress * Math.Max(0, member.TargetSteps)) / steps;
        }
    }

    public bool HasEnded => Phase is RunPhase.Completed or RunPhase.Failed or RunPhase.Cancelled;
}
