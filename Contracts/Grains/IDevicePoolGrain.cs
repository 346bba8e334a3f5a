using Bam.Contracts.Status;
using Orleans.Concurrency;

namespace Bam.Contracts.Grains;

/// <summary>Leases the cluster's device slots, first come, first served. One grain, key <see cref="Key"/>.</summary>
[Alias("bam.IDevicePoolGrain")]
public interface IDevicePoolGrain : IGrainWithStringKey
{
    const string Key = "devices";

    /// <summary>The holder's lease, new or old; null when every slot is taken, and the holder then keeps its place in the queue by asking again.</summary>
    [Alias("Acquire")]
    Task<DeviceLease?> Acquire(string holder, CancellationToken cancellation = default);

    /// <summary>Gives the slot, or the place in the queue, back.</summary>
    [Alias("Release")]
    Task Release(string holder, CancellationToken cancellation = default);

    [Alias("List"), AlwaysInterleave]
    Task<IReadOnlyList<DeviceStatus>> List(CancellationToken cancellation = default);
}
