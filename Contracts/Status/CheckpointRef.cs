namespace Bam.Contracts.Status;

/// <summary>Names a published checkpoint.</summary>
/// <param name="Folder">Its folder in the checkpoint store.</param>
/// <param name="Step">Step after which it was taken.</param>
/// <param name="Attempt">Attempt that published it.</param>
/// <param name="ModelSha256">SHA-256 of <c>model.safetensors</c>, in hex.</param>
[GenerateSerializer, Immutable, Alias("bam.CheckpointRef")]
public sealed record CheckpointRef(
    [property: Id(0)] string Folder,
    [property: Id(1)] long Step,
    [property: Id(2)] int Attempt,
    [property: Id(3)] string ModelSha256);
