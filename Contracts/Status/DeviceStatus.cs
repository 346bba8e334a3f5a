namespace Bam.Contracts.Status;

/// <summary>A device slot of the cluster.</summary>
/// <param name="Silo">Name of its silo.</param>
/// <param name="Address">Address of the silo, <c>ip:port</c>.</param>
/// <param name="Device">Torch device, such as <c>cpu</c> or <c>cuda:0</c>.</param>
/// <param name="Holder"><c>run/model</c> that trains there; null when free.</param>
[GenerateSerializer, Immutable, Alias("bam.DeviceStatus")]
public sealed record DeviceStatus(
    [property: Id(0)] string Silo,
    [property: Id(1)] string Address,
    [property: Id(2)] string Device,
    [property: Id(3)] string? Holder);
