namespace Bam.Contracts.Runs;

/// <summary>Weight-only norm of a block. The paper names a "layernorm" without saying whether it is centred.</summary>
[GenerateSerializer, Alias("bam.NormKind")]
public enum NormKind
{
    LayerNorm,
    RmsNorm,
}
