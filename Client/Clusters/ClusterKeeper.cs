using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Bam.Client.Clusters;

/// <summary>
/// The process behind a local cluster: <c>bam cluster-keeper HOME</c>, started by <see cref="LocalCluster.Up"/> and belonging to no
/// terminal. It starts the silos of <c>cluster.json</c>, writes their output to <c>logs/</c>, and starts a silo again that ends unasked:
/// Orleans ends the process of a silo that its cluster has declared dead. SIGTERM ends the silos and then the keeper.
/// </summary>
internal sealed class ClusterKeeper
{
    /// <summary>First argument that makes <c>bam</c> a keeper.</summary>
    public const string Verb = "cluster-keeper";

    private readonly Lock _gate = new();
    private readonly ClusterHome _home;
    private readonly RotatingLog _log;
    private ClusterState _state;

    private ClusterKeeper(ClusterHome home, ClusterState state, RotatingLog log) => (_home, _state, _log) = (home, state, log);

    /// <summary>Keeps the cluster of <paramref name="home"/> until SIGTERM. Returns the exit code.</summary>
    internal static async Task<int> Run(string home)
    {
        _ = NewSession(); // no terminal, no Ctrl-C of the console that started us; fails only where there is nothing to leave
        var place = new ClusterHome(home);
        using var held = FolderLock.TryTake(place.KeeperLock);
        if (held is null || ClusterState.Read(place) is not { } state) return 1;

        using var stop = new CancellationTokenSource();
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Ask);
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Ask);
        using var hungUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => signal.Cancel = true);
        using var log = new RotatingLog(place.LogOf("keeper"));
        try
        {
            await new ClusterKeeper(place, state with { Keeper = ProcessIdentity.Current }, log).Run(SiloProgram.Find(), stop.Token);
            return 0;
        }
        catch (Exception failed)
        {
            log.WriteLine($"{DateTimeOffset.UtcNow:O} the keeper ends: {failed}"); // it has no console to say it on
            return 1;
        }

        void Ask(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    /// <summary>Starts the keeper of a home, detached.</summary>
    internal static Process Start(ClusterHome home)
    {
        var start = BamProgram.StartInfo();
        start.ArgumentList.Add(Verb);
        start.ArgumentList.Add(home.Folder);
        start.WorkingDirectory = home.Folder;
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true; // pipes of ours, not the console's
        return Process.Start(start)!;
    }

    private async Task Run(SiloProgram program, CancellationToken stop)
    {
        _state.Write(_home);
        await Task.WhenAll(_state.Silos.Select(silo => new KeptSilo(silo, _home, _state.Settings, Record).Run(program, stop)));
        (_state with { Keeper = null }).Write(_home);
    }

    private void Record(SiloState silo)
    {
        lock (_gate)
        {
            _state = _state.With(silo);
            try
            {
                _state.Write(_home);
            }
            catch (IOException full)
            {
                // A full disk must not end the watch over the silos; the next change writes all of it.
                _log.WriteLine($"{DateTimeOffset.UtcNow:O} {_home.StateFile}: not written: {full.Message}");
            }
        }
    }

    [DllImport("libc", EntryPoint = "setsid"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int NewSession();
}
