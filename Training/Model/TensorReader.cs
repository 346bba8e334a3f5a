namespace Bam.Training.Model;

/// <summary>Writes the values of one tensor, row-major, into <paramref name="values"/>, which has the tensor's element count.</summary>
public delegate void TensorReader(TensorSpec spec, Span<float> values);
