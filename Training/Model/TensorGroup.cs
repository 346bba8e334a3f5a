namespace Bam.Training.Model;

/// <summary>What a tensor belongs to: how it is mixed, counted and initialised.</summary>
public enum TensorGroup
{
    Embedding,
    Head,
    Norm,
    Attention,
    AttentionRouter,
    Ffn,
    FfnRouter,
}
