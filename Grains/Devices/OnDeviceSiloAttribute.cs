using Orleans.Placement;

namespace Bam.Grains.Devices;

/// <summary>Keeps a grain on silos that have a device slot. (Orleans' own metadata filter compares with the calling silo instead.)</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class OnDeviceSiloAttribute() : PlacementFilterAttribute(new OnDeviceSiloStrategy());
