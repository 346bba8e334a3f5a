namespace Bam.Contracts.Status;

/// <summary>One model of a run (seed model, branch or mixture), as the coordinator last saw it.</summary>
[GenerateSerializer, Immutable, Alias("bam.MemberStatus")]
public sealed record MemberStatus
{
    [Id(0)] public required string Name { get; init; }

    [Id(1)] public required MemberKind Kind { get; init; }

    [Id(2)] public MemberState State { get; init; }

    /// <summary>Last finished step.</summary>
    [Id(3)] public long Step { get; init; }

    [Id(4)] public long TargetSteps { get; init; }

    /// <summary>Tokens trained in the surviving history.</summary>
    [Id(5)] public long Tokens { get; init; }

    /// <summary>Training loss in nats a token, the last one read; NaN before that.</summary>
    [Id(6)] public double Loss { get; init; } = double.NaN;

    [Id(7)] public double TokensPerSecond { get; init; }

    /// <summary>Model FLOPs a second.</summary>
    [Id(8)] public double FlopsPerSecond { get; init; }

    /// <summary>Silo and device that train it, such as <c>silo-1/cpu</c>; null when none does.</summary>
    [Id(9)] public string? Device { get; init; }

    /// <summary>Number of the current or last attempt, from 1.</summary>
    [Id(10)] public int Attempt { get; init; }

    /// <summary>Attempts that ended in a death or a failure.</summary>
    [Id(11)] public int Restarts { get; init; }

    /// <summary>Step of the newest published checkpoint; -1 for none.</summary>
    [Id(12)] public long CheckpointStep { get; init; } = -1;

    /// <summary>SHA-256 of the newest checkpoint's weights, in hex; null for none.</summary>
    [Id(13)] public string? CheckpointHash { get; init; }

    /// <summary>Time to the end at the present speed; null when unknown.</summary>
    [Id(14)] public TimeSpan? Remaining { get; init; }

    /// <summary>Why it failed, or why it restarted last.</summary>
    [Id(15)] public string? Error { get; init; }

    /// <summary>Parameters of the model; 0 before it is known.</summary>
    [Id(16)] public long Parameters { get; init; }

    /// <summary>Folder of the newest checkpoint; null for none.</summary>
    [Id(17)] public string? CheckpointFolder { get; init; }

    /// <summary>FLOPs of the training in the surviving history, as <c>plan</c> counts them.</summary>
    [Id(18)] public double Flops { get; init; }

    /// <summary>The last lines of its attempts, oldest first, when it has failed; else empty.</summary>
    [Id(19)] public IReadOnlyList<string> LogTail { get; init; } = [];

    [Id(20)] public TimeSpent Spent { get; init; } = TimeSpent.None;

    /// <summary>Steps done again after deaths and failures.</summary>
    [Id(21)] public long StepsLost { get; init; }

    /// <summary>FLOPs a second that its device could do; 0 when unknown or when none trains it.</summary>
    [Id(22)] public double PeakFlops { get; init; }

    /// <summary>Model FLOPs utilisation, <see cref="FlopsPerSecond"/> over <see cref="PeakFlops"/>; NaN when unknown.</summary>
    public double Mfu => PeakFlops > 0 && FlopsPerSecond > 0 ? FlopsPerSecond / PeakFlops : double.NaN;

    /// <summary>Part that is done, in [0, 1].</summary>
    public double Progress => State == MemberState.Completed ? 1 : TargetSteps <= 0 ? 0 : Math.Min(1, (double)Step / TargetSteps);
}
