namespace Bam.Contracts.Grains;

/// <summary>A hold on one device slot. It dies with its silo.</summary>
/// <param name="Holder"><c>run/model</c>.</param>
/// <param name="Silo">Silo of the slot; a restarted silo is another one.</param>
/// <param name="SiloName">Name of that silo.</param>
/// <param name="Device">Torch device of the slot.</param>
[GenerateSerializer, Immutable, Alias("bam.DeviceLease")]
public sealed record DeviceLease(
    [property: Id(0)] string Holder,
    [property: Id(1)] SiloAddress Silo,
    [property: Id(2)] string SiloName,
    [property: Id(3)] string Device);
