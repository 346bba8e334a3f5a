namespace Bam.Contracts.Runs;

/// <summary>A domain's part in a data mix.</summary>
/// <param name="Domain">Name of the domain.</param>
/// <param name="Share">Part of the windows, in (0, 1]; the shares of one mix sum to 1.</param>
[GenerateSerializer, Immutable, Alias("bam.DomainShare")]
public sealed record DomainShare([property: Id(0)] string Domain, [property: Id(1)] double Share);
