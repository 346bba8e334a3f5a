using Bam.Contracts.Status;
using Bam.Training.Data;

namespace Bam.Training.Evaluation;

/// <summary>A model on a text.</summary>
/// <param name="Tokens">Predicted tokens.</param>
/// <param name="Nll">Mean negative log-likelihood in nats a token.</param>
/// <param name="BitsPerByte">Bits a byte of text, with the mean bytes a token of the whole text, also when only its first tokens were predicted.</param>
/// <param name="Window">Tokens of a window.</param>
/// <param name="Stride">Tokens between two windows.</param>
/// <param name="Routing">What a mixture's routers did on the predicted tokens, a layer each; empty for a dense model.</param>
public sealed record PerplexityResult(
    long Tokens, double Nll, double BitsPerByte, int Window, int Stride, IReadOnlyList<RouterUse> Routing)
{
    /// <summary><c>exp(Nll)</c>.</summary>
    public double Perplexity => Math.Exp(Nll);

    internal static PerplexityResult Of(
        double sum, long count, TokenFile tokens, int window, int stride, IReadOnlyList<RouterUse> routing)
    {
        var nll = count == 0 ? double.NaN : sum / count;
        return new(count, nll, nll / Math.Log(2) / tokens.BytesPerToken, window, stride > 0 ? stride : window, routing);
    }
}
