using Bam.Training.Checkpoints;

namespace Bam.Training.Mixing;

/// <summary>
/// Content of <c>receipt.json</c>: where every parameter of a mixture came from. Copied, averaged and initialised add up to all of them,
/// as they were mixed; <see cref="Opening"/> says whether routers were fitted and FFN outputs rescaled after that.
/// </summary>
public sealed record MixReceipt
{
    public const string FileName = "receipt.json";

    /// <summary>The experts in their order; one for a dense model.</summary>
    public required IReadOnlyList<MixedSource> Experts { get; init; }

    /// <summary>Sources of other tensors: the seed model when its attention is taken and it is no expert.</summary>
    public required IReadOnlyList<MixedSource> FurtherSources { get; init; }

    /// <summary>Parameters copied bit by bit from one source.</summary>
    public required long Copied { get; init; }

    /// <summary>Parameters that are the mean of all experts, summed in float64.</summary>
    public required long Averaged { get; init; }

    /// <summary>Parameters drawn at random: the routers', and those that FFN experts were made to forget.</summary>
    public required long Initialised { get; init; }

    /// <summary>Of <see cref="Initialised"/>, those of FFN experts (Drop-Upcycling).</summary>
    public required long Reinitialised { get; init; }

    /// <summary>Standard deviation of the routers; 0 when there are none.</summary>
    public required double RouterStd { get; init; }

    /// <summary>What to know before training: experts that begin as twins, routers that cannot choose. Empty as it should be.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>What the mixture could do before its first step; null until it was measured.</summary>
    public MixOpening? Opening { get; init; }

    /// <summary>The receipt of a checkpoint; null when it has none.</summary>
    /// <exception cref="CheckpointException">There is one that cannot be read.</exception>
    public static MixReceipt? Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        return File.Exists(path) ? CheckpointJson.Read<MixReceipt>(path) : null;
    }
}
