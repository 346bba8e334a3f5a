using Orleans.Placement;

namespace Bam.Grains.Devices;

/// <summary>See <see cref="OnDeviceSiloAttribute"/>.</summary>
internal sealed class OnDeviceSiloStrategy() : PlacementFilterStrategy(order: 0);
