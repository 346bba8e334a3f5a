namespace Bam.Contracts.Runs;

/// <summary>Text of one domain.</summary>
/// <param name="Name">Name of the domain.</param>
/// <param name="Train">Absolute paths of the training files, sorted; at least one.</param>
/// <param name="Validation">Absolute paths of the validation files; empty holds out one training document in fifty.</param>
[GenerateSerializer, Immutable, Alias("bam.DomainSpec")]
public sealed record DomainSpec(
    [property: Id(0)] string Name,
    [property: Id(1)] IReadOnlyList<string> Train,
    [property: Id(2)] IReadOnlyList<string> Validation);
