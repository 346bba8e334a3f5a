using Bam.Contracts.Runs;
using Bam.Training.Optimization;
using static TorchSharp.torch;

namespace Bam.Training.Sessions;

/// <summary>What a run asks of one of its models.</summary>
/// <param name="Name">Name of the model.</param>
/// <param name="Domains">Its data.</param>
/// <param name="Steps">Its length in steps.</param>
/// <param name="Train">How it is trained.</param>
public sealed record MemberPlan(string Name, IReadOnlyList<DomainShare> Domains, long Steps, TrainSpec Train)
{
    /// <summary>What a mixture is made of; null for the seed model and branches.</summary>
    public MixtureSpec? Mixture { get; init; }

    /// <summary>What stays as it is in the first steps.</summary>
    public Freeze Freeze => Mixture is null ? Freeze.Nothing : Freeze.Of(Mixture);

    /// <summary>Type of the arithmetic of its steps and evaluations.</summary>
    public ScalarType Compute => Train.Precision == Precision.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;

    /// <summary>The plan of a model of a run.</summary>
    /// <exception cref="ArgumentException">The run has no such model.</exception>
    public static MemberPlan Of(RunSpec run, string member)
    {
        if (member == SeedModelSpec.MemberName)
            return new(member, run.SeedModel.Domains, run.SeedModel.Checkpoint is null ? run.SeedModel.Steps : 0, run.SeedModel.Train);
        if (run.Branches.FirstOrDefault(branch => branch.Name == member) is { } branch)
            return new(member, branch.Domains, branch.Steps, branch.Train);
        if (run.Mixtures.FirstOrDefault(mixture => mixture.Name == member) is { } mixture)
            return new(member, mixture.Data, mixture.Steps, mixture.Train) { Mixture = mixture };
        throw new ArgumentException($"run '{run.Name}' has no model '{member}'", nameof(member));
    }
}
