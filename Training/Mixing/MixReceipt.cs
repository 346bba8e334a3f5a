using Bam.Training.Checkpoints;

namespace Bam.Training.Mixing;

/// <summary>Content of <c>receipt.json</c>: where every parameter of a mixture came from.</summary>
public sealed record MixReceipt
{
    /// <summary>The experts in their order, with the SHA-256 of their weights.</summary>
    public required IReadOnlyList<MixedExpert> Experts { get; init; }

    /// <summary>Parameters copied bit by bit from one source.</summary>
    public required long Copied { get; init; }

    /// <summary>Parameters that are the mean of all sources, summed in float64.</summary>
    public required long Averaged { get; init; }

    /// <summary>Router parameters drawn at random.</summary>
    public required long Initialised { get; init; }

    public required double RouterStd { get; init; }

    /// <summary>Sources with the same weights: experts that begin as twins. Empty as it should be.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>What was measured before the first step; null in the mixture's step 0, which is written before that.</summary>
    public MixOpening? Opening { get; init; }

    /// <summary>The receipt of a mixture's checkpoint; null when it has none.</summary>
    public static MixReceipt? Read(string folder) =>
        File.Exists(Path.Combine(folder, Mixer.ReceiptFile)) ? CheckpointJson.Read<MixReceipt>(Path.Combine(folder, Mixer.ReceiptFile)) : null;
}
