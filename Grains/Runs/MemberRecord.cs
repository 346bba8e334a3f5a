using Bam.Contracts.Grains;
using Bam.Contracts.Status;

namespace Bam.Grains.Runs;

/// <summary>What a coordinator keeps of one model of its run.</summary>
[GenerateSerializer, Alias("bam.MemberRecord")]
internal sealed record MemberRecord
{
    [Id(0)] public required MemberStatus Status { get; set; }

    [Id(1)] public CheckpointRef? Checkpoint { get; set; }

    [Id(2)] public IReadOnlyList<Evaluation> Evaluations { get; set; } = [];

    /// <summary>Seconds that it held a device slot.</summary>
    [Id(3)] public double HeldSeconds { get; set; }

    /// <summary>Seconds of training steps that were kept.</summary>
    [Id(4)] public double UsefulSeconds { get; set; }

    /// <summary>Damaged checkpoints that were told already.</summary>
    [Id(5)] public int DamagedTold { get; set; }

    /// <summary>Device slot that it holds; null when it has none.</summary>
    [Id(6)] public DeviceLease? Lease { get; set; }

    /// <summary>Attempt whose start was told and counted last.</summary>
    [Id(7)] public int AttemptTold { get; set; }

    /// <summary>When its session was missed; null while it trains.</summary>
    [Id(10)] public DateTimeOffset? MissedAt { get; set; }

    /// <summary>The attempt that was missed.</summary>
    [Id(11)] public int MissedAttempt { get; set; }

    /// <summary>Whether its measures before the first step were told.</summary>
    [Id(13)] public bool OpeningTold { get; set; }

    /// <summary>Attempts that took over from another, by the reason that telemetry has for it.</summary>
    [Id(20)] public Dictionary<string, long> RestartReasons { get; init; } = [];

    /// <summary>Steps done again.</summary>
    [Id(21)] public long StepsLost { get; set; }

    /// <summary>Counts attempts that took over.</summary>
    public void CountRestarts(string reason, long attempts) => RestartReasons[reason] = RestartReasons.GetValueOrDefault(reason) + attempts;

    /// <summary>Whether a mixture's step 0 is published (an ensemble needs none): from then on only its own training touches its folder.</summary>
    [Id(14)] public bool IsBuilt { get; set; }

    /// <summary>Batches left out that were told already.</summary>
    [Id(22)] public int SkipsTold { get; set; }

    public bool HasEnded => Status.State is MemberState.Completed or MemberState.Failed or MemberState.Cancelled;
}
