namespace Bam.Contracts.Status;

/// <summary>A model on one domain's validation text at one moment of its training.</summary>
/// <param name="Step">Steps done; 0 for a mixture before its first step.</param>
/// <param name="Domain">Name of the domain.</param>
/// <param name="Loss">Mean negative log-likelihood in nats a token.</param>
[GenerateSerializer, Immutable, Alias("bam.ValidationPoint")]
public sealed record ValidationPoint([property: Id(0)] long Step, [property: Id(1)] string Domain, [property: Id(2)] double Loss);
