using Bam.Contracts.Runs;
using Bam.Contracts.Status;
using Bam.Training.Data;
using Bam.Training.Model;

namespace Bam.Client.Plans;

/// <summary>What a run will take, counted from its specification alone: nothing is allocated and torch is not loaded.</summary>
/// <param name="Run">Name of the run.</param>
/// <param name="Models">The seed model, the branches and the mixtures, in the run file's order.</param>
/// <param name="Phases">The phases that train, in their order.</param>
/// <param name="DiskBytes">Checkpoints of all models at the fullest moment.</param>
/// <param name="DeviceBytes">Memory of one device; null when unknown.</param>
/// <param name="TooLarge">Models that do not fit it; none when it is unknown.</param>
internal sealed record RunPlan(
    string Run, IReadOnlyList<ModelPlan> Models, IReadOnlyList<PhasePlan> Phases, long DiskBytes, long? DeviceBytes,
    IReadOnlyList<TooLarge> TooLarge)
{
    /// <summary>Training FLOPs of the whole run.</summary>
    public double Flops => Phases.Sum(phase => phase.Flops);

    /// <summary>Plans a run.</summary>
    /// <param name="spec">Validated specification.</param>
    /// <param name="flopsPerSecond">Training speed of one device in model FLOPs a second; null omits the times.</param>
    /// <param name="devices">Device slots that train at the same time.</param>
    /// <param name="deviceBytes">Memory of one device; null when unknown.</param>
    public static RunPlan Of(RunSpec spec, double? flopsPerSecond = null, int devices = 1, long? deviceBytes = null)
    {
        var dense = ModelConfig.Dense(spec.Model, spec.Tokenizer, Tokenizers.VocabSize(spec.Tokenizer));
        List<ModelPlan> models =
        [
            ModelPlan.Of(
                SeedModelSpec.MemberName, MemberKind.Seed, dense, spec.SeedModel.Train, spec.SeedModel.Checkpoint is null ? spec.SeedModel.Steps : 0),
            .. spec.Branches.Select(branch => ModelPlan.Of(branch.Name, MemberKind.Branch, dense, branch.Train, branch.Steps)),
            .. spec.Mixtures.Select(mixture => ModelPlan.Of(mixture, dense)),
        ];
        PhasePlan[] phases =
        [
            Phase(RunPhase.Seed, MemberKind.Seed),
            Phase(RunPhase.Branch, MemberKind.Branch),
            Phase(RunPhase.Continue, MemberKind.Mixture),
        ];
        return new(
            spec.Name, models, [.. phases.Where(phase => phase.Steps > 0)], models.Sum(model => model.DiskBytes(spec.Checkpoints.Keep)),
            deviceBytes, deviceBytes is { } bytes ? DeviceFit.Of(spec, bytes) : []);

        PhasePlan Phase(RunPhase phase, MemberKind kind) =>
            PhasePlan.Of(phase, kind, [.. models.Where(model => model.Kind == kind)], flopsPerSecond, devices);
    }
}
