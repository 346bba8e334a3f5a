namespace Bam.Training.Mixing;

/// <summary>How a tensor of a mixture is made.</summary>
internal enum TensorOrigin
{
    /// <summary>The experts' own, one after the other.</summary>
    Copied,

    /// <summary>The seed model's, whether it is an expert or not.</summary>
    CopiedFromSeed,

    /// <summary>The mean of all experts.</summary>
    Averaged,

    /// <summary>Drawn at random.</summary>
    Initialised,
}
