namespace Bam.Client.Clusters;

/// <summary>A GPU of this host.</summary>
/// <param name="Number">Its number, as the driver and nvidia-smi count.</param>
/// <param name="Name">What it is; empty when only its device file is known.</param>
/// <param name="MemoryBytes">Its memory; 0 when unknown.</param>
internal sealed record HostGpu(int Number, string Name, long MemoryBytes);
