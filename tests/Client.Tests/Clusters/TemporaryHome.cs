using Bam.Client.Clusters;

namespace Bam.Client.Tests.Clusters;

/// <summary>A home folder for one test; at the end no process of it and no file is left, however the test went.</summary>
internal sealed class TemporaryHome : IAsyncDisposable
{
    private readonly HashSet<ProcessIdentity> _seen = [];

    public ClusterHome Home { get; } = new(Directory.CreateTempSubdirectory("bam cluster ").FullName);

    /// <summary>The processes of the cluster as recorded now; remembered, to be looked for when the test is over.</summary>
    public IReadOnlyList<ProcessIdentity> Processes()
    {
        var state = ClusterState.Read(Home);
        var now = state is null ? [] : state.Silos.Select(silo => silo.Process).Append(state.Keeper).OfType<ProcessIdentity>().ToList();
        _seen.UnionWith(now);
        return now;
    }

    public async ValueTask DisposeAsync()
    {
        Processes();
        // The keeper first, or it starts what is killed again.
        foreach (var process in _seen.OrderByDescending(process => process == ClusterState.Read(Home)?.Keeper)) process.Kill();
        foreach (var process in _seen) await process.WaitForExit(TimeSpan.FromSeconds(10), CancellationToken.None);
        Directory.Delete(Home.Folder, recursive: true);
    }
}
