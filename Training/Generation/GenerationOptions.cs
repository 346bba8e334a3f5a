namespace Bam.Training.Generation;

/// <summary>How a text goes on.</summary>
public sealed record GenerationOptions
{
    /// <summary>Most tokens of a continuation.</summary>
    public int Tokens { get; init; } = 64;

    /// <summary>Logits are divided by it; 0 always takes the most likely token.</summary>
    public double Temperature { get; init; } = 0.8;

    /// <summary>Most likely tokens that may be drawn; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>The draws derive from it and from the prompt.</summary>
    public long Seed { get; init; }
}
