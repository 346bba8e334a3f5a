// Placeholders for the cluster's room, which is written elsewhere: delete this file when the real ones come.
namespace Bam.Client.Clusters;

internal sealed record ClusterHome(string Folder);

internal sealed record ClusterSettings
{
    public int Silos { get; init; } = 2;

    public int? PortBase { get; init; }

    public string Device { get; init; } = "cpu";

    public IReadOnlyList<string> Gpus { get; init; } = [];

    public int? Threads { get; init; }

    public string? LibTorch { get; init; }
}

internal sealed record ClusterReport(string Folder, bool KeeperRunning, IReadOnlyList<SiloReport> Silos);

internal sealed record SiloReport(string Name, int? ProcessId, int SiloPort, int GatewayPort, int HttpPort, bool Ready);

internal sealed class LocalCluster
{
    private LocalCluster()
    {
    }

    public static Task<LocalCluster> Up(ClusterHome home, ClusterSettings settings, CancellationToken ct) => throw new NotSupportedException();

    public static Task<ClusterReport?> Status(ClusterHome home, CancellationToken ct) => throw new NotSupportedException();

    public static Task<bool> Down(ClusterHome home, CancellationToken ct) => throw new NotSupportedException();
}

internal sealed class ClusterConnection : IAsyncDisposable
{
    private ClusterConnection()
    {
    }

    public IGrainFactory Grains => throw new NotSupportedException();

    public static Task<ClusterConnection> Open(ClusterHome home, TimeSpan limit, CancellationToken ct) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

internal sealed class UserException(string message, int exitCode) : Exception(message)
{
    public int ExitCode => exitCode;
}
