namespace Bam.Training.Checkpoints;

/// <summary>Gives the values of tensor number <paramref name="index"/>, row-major, to <paramref name="write"/>, part by part.</summary>
internal delegate void TensorParts(int index, Action<ReadOnlySpan<float>> write);
