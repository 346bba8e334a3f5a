using Bam.Contracts.Runs;
using Bam.Contracts.Status;
using Bam.Training.Model;
using Bam.Training.Optimization;
using Bam.Training.Sessions;

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

    /// <summary>What a step costs.</summary>
    internal required TrainingWork Work { get; init; }

    /// <summary>Tokens to train.</summary>
    public long Tokens => Steps * Work.TokensPerStep;

    /// <summary>FLOPs of one trained token, forward and backward, when everything trains.</summary>
    public long FlopsPerToken => Work.FlopsPerToken;

    /// <summary>FLOPs of one trained token while parts of the model are frozen.</summary>
    public long FrozenFlopsPerToken => Work.FrozenFlopsPerToken;

    /// <summary>Tokens of the steps with frozen parts.</summary>
    public long FrozenTokens => Work.FrozenSteps * Work.TokensPerStep;

    public required MemoryPlan Memory { get; init; }

    /// <summary>FLOPs of the whole training.</summary>
    public double Flops => Work.FlopsOf(Steps);

    /// <summary>The seed model or a branch.</summary>
    public static ModelPlan Of(string name, MemberKind kind, ModelConfig config, TrainSpec train, int steps) =>
        Of(name, kind, config, train, steps, Freeze.Nothing);

    /// <summary>A mixture or a rival. An ensemble is the dense models side by side: only their weights, for it is only evaluated.</summary>
    public static ModelPlan Of(MixtureSpec mixture, ModelConfig dense)
    {
        var plan = Of(
            mixture.Name, MemberKind.Mixture, dense.Mixture(mixture), mixture.Train, mixture.Steps, Freeze.Of(mixture));
        if (mixture.Kind != MixtureKind.Ensemble) return plan;
        var models = mixture.Experts.Count;
        return plan with
        {
            Experts = models,
            Parameters = models * plan.Parameters,
            ActiveParameters = models * plan.ActiveParameters,
            Groups = plan.Groups.ToDictionary(group => group.Key, group => models * group.Value),
            Memory = new(models * plan.Memory.Weights, 0, 0, 0, 0),
        };
    }

    private static ModelPlan Of(
        string name, MemberKind kind, ModelConfig config, TrainSpec train, int steps, Freeze freeze) => new()
        {
            Name = name,
            Kind = kind,
            Experts = config.Experts,
            Parameters = TensorLayout.Parameters(config),
            ActiveParameters = TensorLayout.ActiveParameters(config),
            Groups = TensorLayout.Of(config).GroupBy(tensor => tensor.Group)
                .OrderBy(group => group.Key).ToDictionary(group => group.Key, group => group.Sum(tensor => tensor.Count)),
            Steps = steps,
            Work = TrainingWork.Of(config, train, freeze),
            Memory = MemoryPlan.Of(config, train),
        };

    /// <summary>
    /// Bytes of its checkpoints at the fullest moment: weights and Adam's two moments in float32 (12 bytes a parameter), in each of
    /// the kept checkpoints and in the one that is being written. A model that is not trained has none.
    /// </summary>
    public long DiskBytes(int keep) => Steps == 0 ? 0 : 12 * Parameters * (keep + 1);
}
