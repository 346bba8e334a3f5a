namespace Bam.Training.Evaluation;

/// <summary>A model on a text.</summary>
/// <param name="Tokens">Predicted tokens.</param>
/// <param name="Nll">Mean negative log-likelihood in nats a token.</param>
/// <param name="BitsPerByte">Bits a byte of the text.</param>
public sealed record PerplexityResult(long Tokens, double Nll, double BitsPerByte)
{
    /// <summary><c>exp(Nll)</c>.</summary>
    public double Perplexity => Math.Exp(Nll);
}
