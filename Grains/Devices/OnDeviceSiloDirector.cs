using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace Bam.Grains.Devices;

/// <summary>See <see cref="OnDeviceSiloAttribute"/>.</summary>
internal sealed class OnDeviceSiloDirector(DeviceSilos devices) : IPlacementFilterDirector
{
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos) =>
        silos.Where(devices.Has);
}
