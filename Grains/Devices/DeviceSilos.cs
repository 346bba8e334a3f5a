using Bam.Grains.Hosting;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Bam.Grains.Devices;

/// <summary>The silos of the cluster that offer a device slot, by the metadata they announce.</summary>
internal sealed class DeviceSilos(IClusterMembershipService membership, ISiloMetadataCache metadata)
{
    /// <summary>Active silos with a slot, in the order of their names.</summary>
    public IReadOnlyList<DeviceSilo> Active => [.. membership.CurrentSnapshot.Members.Values
        .Where(member => member.Status == SiloStatus.Active && Has(member.SiloAddress))
        .Select(member => new DeviceSilo(member.SiloAddress, member.Name, Metadata(member.SiloAddress, DeviceMetadata.DeviceKey) ?? "cpu"))
        .OrderBy(silo => silo.Name, StringComparer.Ordinal)];

    /// <summary>Whether a silo lives. Asks the membership only: the metadata of a silo may be on its way when this one has just started.</summary>
    public bool IsActive(SiloAddress silo) =>
        membership.CurrentSnapshot.Members.TryGetValue(silo, out var member) && member.Status == SiloStatus.Active;

    /// <summary>Whether a silo has a slot.</summary>
    public bool Has(SiloAddress silo) => Metadata(silo, DeviceMetadata.SlotsKey) is { } slots && slots != "0";

    private string? Metadata(SiloAddress silo, string key) => metadata.GetSiloMetadata(silo).Metadata.GetValueOrDefault(key);
}
