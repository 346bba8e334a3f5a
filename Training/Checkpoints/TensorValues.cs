namespace Bam.Training.Checkpoints;

/// <summary>Values of tensor number <paramref name="index"/>, row-major; valid until the next call.</summary>
internal delegate ReadOnlySpan<float> TensorValues(int index);
