namespace Bam.Contracts.Runs;

/// <summary>One branch: a copy of the seed model, trained on its own mix of domains.</summary>
/// <param name="Name">Name of the branch and of its dense expert.</param>
/// <param name="Domains">Its data; in the paper the domain with a tenth of general text.</param>
/// <param name="Steps">Length in optimizer steps.</param>
/// <param name="Train">How it is trained.</param>
[GenerateSerializer, Immutable, Alias("bam.BranchSpec")]
public sealed record BranchSpec(
    [property: Id(0)] string Name,
    [property: Id(1)] IReadOnlyList<DomainShare> Domains,
    [property: Id(2)] int Steps,
    [property: Id(3)] TrainSpec Train);
