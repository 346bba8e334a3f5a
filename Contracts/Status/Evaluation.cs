namespace Bam.Contracts.Status;

/// <summary>One model on one domain's validation text.</summary>
/// <param name="Model">Name of the seed model, branch or mixture.</param>
/// <param name="Domain">Name of the domain.</param>
/// <param name="Tokens">Predicted tokens.</param>
/// <param name="Nll">Mean negative log-likelihood in nats a token.</param>
/// <param name="BitsPerByte">Bits a byte of UTF-8 text.</param>
[GenerateSerializer, Immutable, Alias("bam.Evaluation")]
public sealed record Evaluation(
    [property: Id(0)] string Model,
    [property: Id(1)] string Domain,
    [property: Id(2)] long Tokens,
    [property: Id(3)] double Nll,
    [property: Id(4)] double BitsPerByte)
{
    /// <summary><c>exp(Nll)</c>.</summary>
    public double Perplexity => Math.Exp(Nll);

    /// <summary>Tokens of a window.</summary>
    [Id(5)] public int Window { get; init; }

    /// <summary>Tokens between two windows.</summary>
    [Id(6)] public int Stride { get; init; }

    /// <summary>What a mixture's routers did on this domain, a layer each; empty for a dense model.</summary>
    [Id(7)] public IReadOnlyList<RouterUse> Routing { get; init; } = [];

    /// <summary>Names of the mixture's experts, in order; empty for a dense model.</summary>
    [Id(8)] public IReadOnlyList<string> Experts { get; init; } = [];
}
