using Bam.Contracts.Grains;
using Bam.Contracts.Status;

namespace Bam.Grains.Members;

/// <summary>Durable state of a branch or mixture grain. Its storage tag fences: only the newest activation can write.</summary>
[GenerateSerializer, Alias("bam.TrainingGrainState")]
internal sealed record TrainingGrainState
{
    /// <summary>Number of the newest attempt; 0 before the first.</summary>
    [Id(0)] public int Attempt { get; set; }

    /// <summary>Whether that attempt has not ended in an orderly way. True at a start means that the one before died.</summary>
    [Id(1)] public bool Running { get; set; }

    [Id(2)] public CheckpointRef? Checkpoint { get; set; }

    /// <summary>Pending until it ends in Completed, Failed or Cancelled.</summary>
    [Id(3)] public MemberState End { get; set; } = MemberState.Pending;

    /// <summary>Attempts that died or failed.</summary>
    [Id(4)] public int Restarts { get; set; }

    /// <summary>Attempts that died or failed since the last progress: a new checkpoint, or a step that none had reached.</summary>
    [Id(5)] public int Failures { get; set; }

    /// <summary>Farthest step at which one died or failed.</summary>
    [Id(6)] public long FailedAtStep { get; set; } = -1;

    /// <summary>Why it failed, or why it restarted last.</summary>
    [Id(7)] public string? Error { get; set; }

    [Id(8)] public IReadOnlyList<Evaluation> Evaluations { get; set; } = [];

    /// <summary>Seconds spent in the steps that lead to the newest checkpoint.</summary>
    [Id(9)] public double UsefulSeconds { get; set; }

    [Id(10)] public long Parameters { get; set; }

    [Id(11)] public long TargetSteps { get; set; }

    [Id(12)] public long Tokens { get; set; }

    [Id(13)] public double Loss { get; set; } = double.NaN;

    /// <summary>Last step that an attempt is known to have done.</summary>
    [Id(15)] public long Step { get; set; }

    [Id(16)] public double Flops { get; set; }

    /// <summary>When the next attempt may begin.</summary>
    [Id(17)] public DateTimeOffset NotBefore { get; set; }

    /// <summary>Why the next attempt begins.</summary>
    [Id(18)] public RestartReason Next { get; set; } = RestartReason.Moved;

    /// <summary>How the last attempts began.</summary>
    [Id(19)] public IReadOnlyList<AttemptStart> Starts { get; set; } = [];

    /// <summary>The last lines of its attempts, once it has failed.</summary>
    [Id(20)] public IReadOnlyList<string> LogTail { get; set; } = [];

    /// <summary>Where the time of the attempts that ended in an orderly way went.</summary>
    [Id(21)] public TimeSpent Spent { get; set; } = TimeSpent.None;
}
