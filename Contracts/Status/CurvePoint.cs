namespace Bam.Contracts.Status;

/// <summary>A point of a training curve.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Tokens">Tokens trained by then.</param>
/// <param name="Loss">Mean training loss in nats a token over the steps since the point before.</param>
[GenerateSerializer, Immutable, Alias("bam.CurvePoint")]
public sealed record CurvePoint([property: Id(0)] long Step, [property: Id(1)] long Tokens, [property: Id(2)] double Loss);
