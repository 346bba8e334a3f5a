namespace Bam.Client.Clusters;

/// <summary>How a silo of a local cluster stands.</summary>
/// <param name="Name">Its name, such as silo-1.</param>
/// <param name="ProcessId">Its process; null when none is alive.</param>
/// <param name="SiloPort">Port for the other silos.</param>
/// <param name="GatewayPort">Port for clients.</param>
/// <param name="HttpPort">Port of /metrics and /health.</param>
/// <param name="Ready">True when it is active in the cluster.</param>
/// <param name="Gpu">The GPU that it sees, as CUDA_VISIBLE_DEVICES names it; null when none was assigned.</param>
internal sealed record SiloReport(string Name, int? ProcessId, int SiloPort, int GatewayPort, int HttpPort, bool Ready, string? Gpu = null);
