using System.Diagnostics;

namespace Bam.Client.Clusters;

/// <summary>
/// A cluster of silo processes on this host. It outlives the console that started it, and what it knows outlives the processes: the same
/// home brings back the same runs, on the same ports.
/// </summary>
internal sealed class LocalCluster
{
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(60);

    // The keeper's patience with its silos and a little more.
    private static readonly TimeSpan KeeperPatience = KeptSilo.Patience + TimeSpan.FromSeconds(10);

    private LocalCluster(ClusterHome home) => Home = home;

    public ClusterHome Home { get; }

    /// <summary>
    /// Starts the cluster of <paramref name="home"/> and returns when all its silos are active. A cluster that is up already is left alone.
    /// Silos whose keeper was killed are stopped first: nobody reads their output or waits for their end any more, and their runs go on
    /// from the last checkpoint.
    /// </summary>
    /// <exception cref="UserException">
    /// The cluster runs with other settings, a port is taken, or a silo does not come up; then all that was started is stopped.
    /// </exception>
    public static async Task<LocalCluster> Up(ClusterHome home, ClusterSettings settings, CancellationToken ct)
    {
        var wanted = settings.Resolve();
        _ = home.HasDatabase(); // refused here rather than by each silo
        CreateFolders(home);
        using var console = await FolderLock.Take(home.ConsoleLock, ct);

        var state = ClusterState.Read(home);
        if (state?.Keeper?.IsAlive() is true)
        {
            if (!wanted.AreMetBy(state.Settings))
                throw new UserException($"the cluster at {home.Folder} runs with other settings; stop it first with 'bam cluster down'", 2);
            await WaitUntilReady(home, state.Keeper, ct);
            return new(home);
        }

        if (state is not null) await StopSilos(state, ct);
        _ = SiloProgram.Find(); // said here, not in the keeper's log
        using var ports = await TakePorts(ct);
        wanted = wanted with { PortBase = wanted.PortBase ?? state?.Settings.PortBase ?? PortBlock.Find(wanted.Silos), Database = wanted.Database ?? state?.Settings.Database };
        PortBlock.EnsureFree(wanted.PortBase.Value, wanted.Silos);
        var silos = SiloState.Plan(wanted);
        new ClusterState { Settings = wanted, Silos = silos }.Write(home);
        ScrapeTargets.Write(home, silos);
        await StartAndWait(home, ct);
        return new(home);
    }

    /// <summary>How the cluster stands; null when none was ever started in <paramref name="home"/>.</summary>
    public static async Task<ClusterReport?> Status(ClusterHome home, CancellationToken ct)
    {
        if (ClusterState.Read(home) is not { } state) return null;
        var silos = await Task.WhenAll(state.Silos.Select(async silo =>
        {
            var alive = silo.Process?.IsAlive() is true;
            return new SiloReport(silo.Name, alive ? silo.Process!.Id : null, silo.SiloPort, silo.GatewayPort, silo.HttpPort,
                alive && await SiloHealth.IsReady(silo, ct), silo.Gpu);
        }));
        return new(home.Folder, state.Keeper?.IsAlive() is true, silos);
    }

    /// <summary>Stops the cluster, its state kept. False when it was not up.</summary>
    public static async Task<bool> Down(ClusterHome home, CancellationToken ct)
    {
        if (!Directory.Exists(home.Folder)) return false;
        using var console = await FolderLock.Take(home.ConsoleLock, ct);
        return await Stop(home, ct);
    }

    private static async Task StartAndWait(ClusterHome home, CancellationToken ct)
    {
        using var process = ClusterKeeper.Start(home);
        try
        {
            var keeper = ProcessIdentity.Of(process.Id)
                ?? throw new UserException($"the cluster's keeper ended as it started; see {home.LogOf("keeper")}", 1);
            await WaitUntilReady(home, keeper, ct);
        }
        catch
        {
            // The keeper may not have written its number yet: stop it by the one we know.
            if (ProcessIdentity.Of(process.Id) is { } keeper) await StopKeeper(keeper);
            await Stop(home, CancellationToken.None);
            throw;
        }
    }

    private static async Task WaitUntilReady(ClusterHome home, ProcessIdentity keeper, CancellationToken ct)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var silos = ClusterState.Read(home)!.Silos;
            var ready = await Task.WhenAll(silos.Select(silo => SiloHealth.IsReady(silo, ct)));
            if (ready.All(yes => yes)) return;

            var waiting = silos[Array.IndexOf(ready, false)];
            if (silos.FirstOrDefault(silo => silo is { Process: null, LastExitCode: 2 }) is { } refused)
                throw Failed(home, refused, "was refused its settings");
            if (!keeper.IsAlive()) throw Failed(home, waiting, "lost its keeper");
            if (Stopwatch.GetElapsedTime(started) > ReadyLimit)
                throw Failed(home, waiting, $"was not ready within {ReadyLimit.TotalSeconds:0} s");
            await Task.Delay(100, ct);
        }
    }

    private static UserException Failed(ClusterHome home, SiloState silo, string how)
    {
        var log = home.LogOf(silo.Name);
        var lines = RotatingLog.Tail(log, 10).Select(line => "  " + line).DefaultIfEmpty("  (nothing)");
        return new($"{silo.Name} {how}; the last lines of {log}:\n{string.Join('\n', lines)}", 1);
    }

    private static async Task<bool> Stop(ClusterHome home, CancellationToken ct)
    {
        if (ClusterState.Read(home) is not { } state) return false;
        var up = state.Keeper?.IsAlive() is true;
        if (up) await StopKeeper(state.Keeper!);
        // The keeper has stopped them all, unless it was killed.
        state = ClusterState.Read(home)!;
        up |= await StopSilos(state, ct);
        (state with { Keeper = null, Silos = [.. state.Silos.Select(silo => silo with { Process = null })] }).Write(home);
        return up;
    }

    // Not to be interrupted: half a stop leaves silos that nobody keeps.
    private static async Task StopKeeper(ProcessIdentity keeper)
    {
        keeper.Stop();
        if (!await keeper.WaitForExit(KeeperPatience, CancellationToken.None)) keeper.Kill();
    }

    private static async Task<bool> StopSilos(ClusterState state, CancellationToken ct)
    {
        var strays = state.Silos.Select(silo => silo.Process).OfType<ProcessIdentity>().Where(process => process.IsAlive()).ToList();
        foreach (var stray in strays) stray.Stop();
        await Task.WhenAll(strays.Select(async stray =>
        {
            if (!await stray.WaitForExit(KeptSilo.Patience, ct)) stray.Kill();
            await stray.WaitForExit(KeptSilo.Patience, ct);
        }));
        return strays.Count > 0;
    }

    // Two clusters of one user that start at once must not find the same ports free: held until the silos have bound theirs.
    private static Task<FileStream> TakePorts(CancellationToken ct) =>
        FolderLock.Take(Path.Combine(Path.GetTempPath(), $"bam-ports-{Environment.UserName}.lock"), ct);

    private static void CreateFolders(ClusterHome home)
    {
        try
        {
            Directory.CreateDirectory(home.Logs);
        }
        catch (Exception closed) when (closed is IOException or UnauthorizedAccessException)
        {
            throw new UserException($"{home.Folder}: cannot be created ({closed.Message}); give another folder with --home", 2);
        }
    }
}
