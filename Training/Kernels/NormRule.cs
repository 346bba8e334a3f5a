namespace Bam.Training.Kernels;

/// <summary>LayerNorm, or RMSNorm where <paramref name="Rms"/>; weight only.</summary>
internal readonly record struct NormRule(bool Rms, double Epsilon);
