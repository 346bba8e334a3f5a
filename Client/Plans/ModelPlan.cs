using Bam.Contracts.Runs;
using Bam.Contracts.Status;
using Bam.Training.Model;

namespace Bam.Client.Plans;

/// <summary>What one model of a run will take.</summary>
internal sealed record ModelPlan
{
    public required string Name { get; init; }

    public required MemberKind Kind { get; init; }

    /// <summary>Experts of a mixture; 0 for a dense model.</summary>
    public required int Experts { get; init; }

    /// <summary>Parameters in all.</summary>
    public required long Parameters { get; init; }

    /// <summary>Parameters that one token uses.</summary>
    public required long ActiveParameters { get; init; }

    /// <summary>Parameters by what their tensor belongs to; groups without any are left out.</summary>
    public required IReadOnlyDictionary<TensorGroup, long> Groups { get; init; }

    /// <summary>Steps to train; 0 for a seed model that is imported.</summary>
    public required int Steps { get; init; }

    /// <summary>Tokens to train.</summary>
    public required long Tokens { get; init; }

    /// <summary>FLOPs of one trained token, forward and backward.</summary>
    public required long FlopsPerToken { get; init; }

    public required MemoryPlan Memory { get; init; }

    /// <summary>FLOPs of the whole training.</summary>
    public double Flops => (double)FlopsPerToken * Tokens;

    public static ModelPlan Of(string name, MemberKind kind, ModelConfig config, TrainSpec train, int steps) => new()
    {
        Name = name,
        Kind = kind,
        Experts = config.Experts,
        Parameters = TensorLayout.Parameters(config),
        ActiveParameters = TensorLayout.ActiveParameters(config),
        Groups = TensorLayout.Of(config).GroupBy(tensor => tensor.Group)
            .OrderBy(group => group.Key).ToDictionary(group => group.Key, group => group.Sum(tensor => tensor.Count)),
        Steps = steps,
        Tokens = (long)steps * train.Batch * config.Context,
        FlopsPerToken = FlopCount.Training(config),
        Memory = MemoryPlan.Of(config, train),
    };

    /// <summary>
    /// Bytes of its checkpoints at the fullest moment: weights and Adam's two moments in float32 (12 bytes a parameter), in each of
    /// the kept checkpoints and in the one that is being written. A model that is not trained has none.
    /// </summary>
    public long DiskBytes(int keep) => Steps == 0 ? 0 : 12 * Parameters * (keep + 1);
}
