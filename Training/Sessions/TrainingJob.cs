using Bam.Contracts.Runs;
using Bam.Training.Faults;

namespace Bam.Training.Sessions;

/// <summary>Everything that one attempt at training one model needs to know.</summary>
public sealed record TrainingJob
{
    public required RunSpec Run { get; init; }

    /// <summary>Seed model, branch or mixture to train.</summary>
    public required MemberPlan Member { get; init; }

    /// <summary>Folder of the checkpoint that gives the first weights; null for random ones.</summary>
    public string? ParentFolder { get; init; }

    /// <summary>Whether random weights would be a mistake: true for all but a seed model that the run trains itself.</summary>
    public bool MustHaveStart { get; init; }

    /// <summary>Dense models of a mixture's experts, in their order, as verified checkpoints.</summary>
    public IReadOnlyList<(string Name, string Folder)> Experts { get; init; } = [];

    /// <summary>Number of this attempt, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>Whether a checkpoint of this model was published before: the run's folder must then be there.</summary>
    public bool WasSaved { get; init; }

    /// <summary>The launch of the run that this attempt belongs to, as other clusters on the same store are told; null when there are none.</summary>
    public string? Owner { get; init; }

    /// <summary>Root of the checkpoint store.</summary>
    public required string Store { get; init; }

    /// <summary>Folder of tokenised data.</summary>
    public required string TokenCache { get; init; }

    /// <summary>Torch device, such as <c>cpu</c> or <c>cuda:0</c>.</summary>
    public required string Device { get; init; }

    /// <summary>CPU threads of a step.</summary>
    public required int Threads { get; init; }

    /// <summary>Faults that a test or a drill ordered.</summary>
    public IFaults Faults { get; init; } = NoFaults.Instance;
}
