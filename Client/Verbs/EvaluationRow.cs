using Bam.Contracts.Status;

namespace Bam.Client.Verbs;

/// <summary>One model on one domain or file.</summary>
/// <param name="Name">Name of the domain, or path of the file.</param>
/// <param name="Tokens">Predicted tokens.</param>
/// <param name="Nll">Mean negative log-likelihood in nats a token.</param>
/// <param name="BitsPerByte">Bits a byte of UTF-8 text.</param>
/// <param name="Perplexity"><c>exp(Nll)</c>.</param>
/// <param name="Window">Tokens of a window.</param>
/// <param name="Stride">Tokens between two windows.</param>
internal sealed record EvaluationRow(string Name, long Tokens, double Nll, double BitsPerByte, double Perplexity, int Window, int Stride)
{
    /// <summary>What a mixture's routers did, a layer each; empty for a dense model.</summary>
    public IReadOnlyList<RouterUse> Routing { get; init; } = [];

    /// <summary>Names of the mixture's experts, in order; empty for a dense model.</summary>
    public IReadOnlyList<string> Experts { get; init; } = [];

    /// <summary>What a run measured.</summary>
    public static EvaluationRow Of(Evaluation measured) => new(
        measured.Domain, measured.Tokens, measured.Nll, measured.BitsPerByte, measured.Perplexity, measured.Window, measured.Stride)
    {
        Routing = measured.Routing,
        Experts = measured.Experts,
    };
}
