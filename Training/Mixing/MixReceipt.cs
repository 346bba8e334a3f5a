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

    /// <returns>The receipt beside a mixture's weights; null when there is none.</returns>
    public static MixReceipt? Read(string folder) =>
        Path.Combine(folder, Mixer.ReceiptFile) is var path && File.Exists(path) ? CheckpointJson.Read<MixReceipt>(path) : null;
}
