using Bam.Contracts.Runs;

namespace Bam.Training.Checkpoints;

/// <summary>
/// Content of <c>state.json</c>: what besides weights and moments fixes the rest of a training. Batches are a pure function of seed, member,
/// step and the batches left out, and nothing else in a step is random, so there is no generator state to keep.
/// </summary>
public sealed record TrainingState
{
    /// <summary>Steps done.</summary>
    public required long Step { get; init; }

    /// <summary>Tokens trained.</summary>
    public required long Tokens { get; init; }

    /// <summary>Windows drawn, those of the batches left out included: the data position.</summary>
    public required long Windows { get; init; }

    /// <summary>Length of the training in steps, which fixes the learning-rate schedule.</summary>
    public required long TargetSteps { get; init; }

    public required int Attempt { get; init; }

    /// <summary>Seed of the run, from which every random choice derives.</summary>
    public required long Seed { get; init; }

    public required string Member { get; init; }

    public required TrainSpec Train { get; init; }

    /// <summary>CPU threads of a step: another number may change the last bits.</summary>
    public required int Threads { get; init; }

    /// <summary>Numbers of the batches left out so far because they gave no finite loss or gradient, ascending.</summary>
    public IReadOnlyList<long> SkippedBatches { get; init; } = [];

    /// <summary>Seconds spent in the steps that lead to this checkpoint.</summary>
    public double UsefulSeconds { get; init; }
}
