namespace Bam.Contracts.Runs;

/// <summary>Type of the arithmetic of a step; weights and optimizer states are float32 masters in both.</summary>
[GenerateSerializer, Alias("bam.Precision")]
public enum Precision
{
    Float32,
    BFloat16,
}
