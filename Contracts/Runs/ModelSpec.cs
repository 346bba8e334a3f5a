namespace Bam.Contracts.Runs;

/// <summary>Shape of a dense parallel-attention decoder.</summary>
[GenerateSerializer, Immutable, Alias("bam.ModelSpec")]
public sealed record ModelSpec
{
    [Id(0)] public required int Layers { get; init; }

    /// <summary>Model width D.</summary>
    [Id(1)] public required int Width { get; init; }

    /// <summary>Query heads H; the head width is <c>Width / Heads</c>.</summary>
    [Id(2)] public required int Heads { get; init; }

    /// <summary>Key and value heads; divides <see cref="Heads"/>.</summary>
    [Id(3)] public required int KvHeads { get; init; }

    /// <summary>Hidden width F of the SwiGLU (one of gate and up, not the fused one).</summary>
    [Id(4)] public required int Ffn { get; init; }

    /// <summary>Context length T in tokens.</summary>
    [Id(5)] public required int Context { get; init; }

    /// <summary>Whether the output head is the input embedding.</summary>
    [Id(6)] public bool Tied { get; init; } = true;

    /// <summary>Vocabulary size; 0 takes the tokenizer's, rounded up to a multiple of 64.</summary>
    [Id(7)] public int Vocab { get; init; }

    [Id(8)] public NormKind Norm { get; init; } = NormKind.LayerNorm;

    [Id(9)] public double NormEps { get; init; } = 1e-5;

    [Id(10)] public double RopeTheta { get; init; } = 10_000;

    /// <summary>Whether RoPE turns neighbouring pairs (GPT-J, Cohere) or halves (Llama).</summary>
    [Id(11)] public bool RopeInterleaved { get; init; } = true;
}
