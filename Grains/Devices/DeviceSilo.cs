namespace Bam.Grains.Devices;

/// <summary>A silo with a device slot.</summary>
internal sealed record DeviceSilo(SiloAddress Address, string Name, string Device);
