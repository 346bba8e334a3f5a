using Bam.Contracts.Status;
using Bam.Training.Sessions;

namespace Bam.Grains.Members;

/// <summary>How a session stands, as an immutable value that any thread may read.</summary>
internal sealed record SessionSnapshot
{
    public MemberState State { get; init; } = MemberState.Preparing;

    /// <summary>Steps done.</summary>
    public long Step { get; init; }

    /// <summary>Step that the session went on from.</summary>
    public long ResumedFrom { get; init; }

    /// <summary>FLOPs and tokens of the steps; nothing before the session is prepared.</summary>
    public TrainingWork Work { get; init; } = new(0, 0, 0, 0);

    public double Loss { get; init; } = double.NaN;

    public double TokensPerSecond { get; init; }

    public long Tokens => Step * Work.TokensPerStep;

    /// <summary>FLOPs of the steps done.</summary>
    public double Flops => Work.FlopsOf(Step);

    public long Parameters { get; init; }

    /// <summary>Seconds spent in steps by this session.</summary>
    public double UsefulSeconds { get; init; }

    /// <summary>Where this session's time went.</summary>
    public TimeSpent Spent { get; init; } = TimeSpent.None;

    /// <summary>Newest checkpoint that this session published; null for none.</summary>
    public CheckpointRef? Checkpoint { get; init; }

    /// <summary>Seconds spent in the steps that lead to that checkpoint, by all attempts.</summary>
    public double KeptSeconds { get; init; }

    /// <summary>Results of the finished model.</summary>
    public IReadOnlyList<Evaluation> Evaluations { get; init; } = [];

    /// <summary>What was measured of a mixture before its first step, one line; null for nothing.</summary>
    public string? Opening { get; init; }

    public IReadOnlyList<string> Damaged { get; init; } = [];

    /// <summary>Batches that this session left out, one line each, oldest first.</summary>
    public IReadOnlyList<string> Skips { get; init; } = [];

    /// <summary>Why the last save failed; null when it did not.</summary>
    public string? SaveProblem { get; init; }
}
