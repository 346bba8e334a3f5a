using Bam.Contracts.Grains;

namespace Bam.Grains.Devices;

/// <summary>Durable state of the device pool.</summary>
[GenerateSerializer, Alias("bam.DevicePoolState")]
internal sealed record DevicePoolState
{
    /// <summary>Leases, one a holder.</summary>
    [Id(0)] public Dictionary<string, DeviceLease> Leases { get; init; } = [];
}
