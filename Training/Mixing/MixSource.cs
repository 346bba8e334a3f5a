using Bam.Training.Checkpoints;

namespace Bam.Training.Mixing;

/// <summary>A dense model that mixtures are made of.</summary>
/// <param name="Name">Name of the seed model or branch.</param>
/// <param name="Checkpoint">Its verified checkpoint.</param>
public sealed record MixSource(string Name, Checkpoint Checkpoint);
