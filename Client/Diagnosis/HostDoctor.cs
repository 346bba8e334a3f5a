using Bam.Client.Clusters;
using Bam.Client.RunFiles;
using Bam.Client.Runs;
using Bam.Client.Views;

namespace Bam.Client.Diagnosis;

/// <summary>Looks whether this host can train; each failure comes with its fix.</summary>
/// <param name="torch">Loads libtorch and says what it is, or throws with the reason in one line.</param>
/// <param name="hostGpus">GPUs of this host.</param>
/// <param name="clusters">Clusters of this host.</param>
/// <param name="time">The host's clock.</param>
internal sealed class HostDoctor(Func<TorchHost> torch, IHostGpus hostGpus, IClusters clusters, TimeProvider time)
{
    private const long MinFreeDisk = 2L << 30, MinMemory = 2L << 30;
    private static readonly TimeSpan ClusterLimit = TimeSpan.FromSeconds(10), ClockTolerance = TimeSpan.FromSeconds(5);
    private static readonly DateTimeOffset Earliest = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public async Task<IReadOnlyList<Check>> Examine(ClusterHome home, CancellationToken cancellation) =>
    [
        .. Torch(),
        Processors(),
        Memory(),
        await Gpu(cancellation).ConfigureAwait(false),
        .. Home(home.Folder),
        Database(home),
        await Cluster(home, cancellation).ConfigureAwait(false),
    ];

    private IReadOnlyList<Check> Torch()
    {
        try
        {
            var host = torch();
            var library = new Check("libtorch", Verdict.Passed, host.Library);
            return host.HasGpu ? [library, Kernels(host.KernelProblem)] : [library];
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return [new(
                "libtorch", Verdict.Failed, Printable.Line(e.Message),
                "run 'dotnet restore', or name a libtorch folder with --libtorch DIR or BAM_LIBTORCH")];
        }
    }

    private static Check Kernels(string? problem) => problem is null
        ? new("kernels", Verdict.Passed, "compile for this GPU: bf16 trains by our own step")
        : new("kernels", Verdict.Absent, $"{Printable.Line(problem)}: bf16 trains by autograd, which is slower");

    private static Check Processors() => new("processors", Verdict.Passed, $"{Environment.ProcessorCount}");

    private static Check Memory()
    {
        var bytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return bytes >= MinMemory
            ? new("memory", Verdict.Passed, Figures.Bytes(bytes))
            : new("memory", Verdict.Failed, Figures.Bytes(bytes), $"give this host, or its container, at least {Figures.Bytes(MinMemory)}");
    }

    private async Task<Check> Gpu(CancellationToken cancellation)
    {
        try
        {
            var gpus = await hostGpus.List(cancellation).ConfigureAwait(false);
            if (gpus.Count == 0) return new("GPU", Verdict.Absent, "none: training runs on the CPU");
            return gpus.All(gpu => gpu.Name.Length > 0)
                ? new("GPU", Verdict.Passed, string.Join("; ", gpus.Select(gpu => $"{gpu.Number}: {gpu.Name}, {Figures.Bytes(gpu.MemoryBytes)}")))
                : new(
                    "GPU", Verdict.Failed, $"/dev/nvidia{gpus[0].Number} is there, nvidia-smi does not work",
                    "install the NVIDIA driver's tools of the kernel module's version");
        }
        catch (UserException silent)
        {
            return new("GPU", Verdict.Failed, silent.Message.Split(';')[0], "look at the NVIDIA driver, or restart the host");
        }
    }

    private IEnumerable<Check> Home(string home)
    {
        var probe = Path.Combine(home, $".doctor-{Environment.ProcessId}");
        DateTimeOffset written;
        try
        {
            Directory.CreateDirectory(home);
            File.WriteAllText(probe, "");
            written = File.GetLastWriteTimeUtc(probe);
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [new(
                "home", Verdict.Failed, $"{home} is not writable: {Printable.Line(e.Message)}",
                "make it writable, or use another one with --home DIR or BAM_HOME")];
        }

        return [new("home", Verdict.Passed, $"{home} is writable"), Disk(home), Clock(written)];
    }

    private static Check Disk(string home)
    {
        var free = new DriveInfo(home).AvailableFreeSpace;
        return free >= MinFreeDisk
            ? new("disk", Verdict.Passed, $"{Figures.Bytes(free)} free in {home}")
            : new(
                "disk", Verdict.Failed, $"{Figures.Bytes(free)} free in {home}",
                $"free {Figures.Bytes(MinFreeDisk)}, or use another home with --home DIR");
    }

    /// <summary>Leases compare clocks: the host's against reason, and against the clock of the home's file system.</summary>
    private Check Clock(DateTimeOffset fileSystem)
    {
        var now = time.GetUtcNow();
        if (now < Earliest) return new("clock", Verdict.Failed, $"says {PlainLines.Time(now)}", "set the clock (timedatectl set-ntp true)");
        return (now - fileSystem).Duration() <= ClockTolerance
            ? new("clock", Verdict.Passed, $"{PlainLines.Time(now)}, as the file system's")
            : new(
                "clock", Verdict.Failed, $"{PlainLines.Time(now)} here, {PlainLines.Time(fileSystem)} in the file system",
                "synchronise the clocks of this host and the file server (timedatectl set-ntp true)");
    }

    private static Check Database(ClusterHome home)
    {
        try
        {
            return home.HasDatabase()
                ? new("database", Verdict.Passed, $"{home.OpenDatabase()}")
                : new("database", Verdict.Absent, $"{home.OpenDatabase()}: made by the first 'bam cluster up'");
        }
        catch (UserException e)
        {
            return new("database", Verdict.Failed, Printable.Line(e.Message), "see docs/operations.md, or use the file in the home: --database sqlite");
        }
    }

    private async Task<Check> Cluster(ClusterHome home, CancellationToken cancellation)
    {
        try
        {
            if (home.Database is null && await clusters.Status(home, cancellation).ConfigureAwait(false) is null)
                return new("cluster", Verdict.Absent, "none in this home; start one with: bam cluster up");
            await using var client = await clusters.Connect(home, ClusterLimit, cancellation).ConfigureAwait(false);
            var devices = await client.ListDevices(cancellation).ConfigureAwait(false);
            return new("cluster", Verdict.Passed, $"answers with {devices.Count} device slots");
        }
        catch (UserException e)
        {
            return new(
                "cluster", Verdict.Failed, Printable.Line(e.Message),
                "look at it with 'bam cluster status', start it with 'bam cluster up'");
        }
    }
}
