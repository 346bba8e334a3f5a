namespace Bam.Client.Clusters;

/// <summary>A silo of <c>cluster.json</c>.</summary>
internal sealed record SiloState
{
    public required string Name { get; init; }

    public required int SiloPort { get; init; }

    public required int GatewayPort { get; init; }

    public required int HttpPort { get; init; }

    /// <summary>The GPU it sees, as CUDA_VISIBLE_DEVICES names it; null when none was assigned.</summary>
    public string? Gpu { get; init; }

    /// <summary>Its process; null when it does not run.</summary>
    public ProcessIdentity? Process { get; init; }

    /// <summary>How its last process ended; null while the first runs.</summary>
    public int? LastExitCode { get; init; }

    /// <summary>The silos of a cluster, none of them started.</summary>
    /// <param name="settings">Resolved settings, with a port base.</param>
    public static IReadOnlyList<SiloState> Plan(ClusterSettings settings) =>
    [
        .. Enumerable.Range(0, settings.Silos).Select(i => new SiloState
        {
            Name = $"silo-{i + 1}",
            SiloPort = settings.PortBase!.Value + (PortBlock.PortsOfASilo * i),
            GatewayPort = settings.PortBase.Value + (PortBlock.PortsOfASilo * i) + 1,
            HttpPort = settings.PortBase.Value + (PortBlock.PortsOfASilo * i) + 2,
            Gpu = settings.Gpus.Count > 0 ? settings.Gpus[i] : null,
        }),
    ];
}
