namespace Bam.Grains.Hosting;

/// <summary>What a silo announces of its device slot, for <c>UseSiloMetadata</c>; the device pool and the placement read it.</summary>
public static class DeviceMetadata
{
    internal const string DeviceKey = "bam.device", SlotsKey = "bam.slots";

    /// <param name="device">Torch device, such as <c>cpu</c> or <c>cuda:0</c>.</param>
    /// <param name="slots">Training sessions at once: 1, or 0 for a silo that only coordinates.</param>
    public static Dictionary<string, string> Of(string device, int slots) => new()
    {
        [DeviceKey] = device,
        [SlotsKey] = $"{slots}",
    };
}
