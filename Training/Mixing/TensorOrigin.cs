namespace Bam.Training.Mixing;

/// <summary>How a tensor of a mixture is made.</summary>
internal enum TensorOrigin
{
    Copied,
    Averaged,
    Initialised,
}
