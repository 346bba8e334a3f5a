using System.Runtime.InteropServices;
using Bam.Grains.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bam.Grains.Devices;

/// <summary>
/// Ends this silo's process, as the only way to free a device on which work stands still: nothing can interrupt a thread inside libtorch or
/// a driver. The silo leaves the cluster first, so that the others need not find out, but it is given little time. Whoever keeps silos
/// alive starts it again.
/// </summary>
internal sealed partial class SiloEnd(
    DeviceWorker worker, TrainingHostOptions options, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<SiloEnd> logger)
{
    /// <summary>Exit code of a silo that ended itself so (EX_SOFTWARE).</summary>
    private const int ExitCode = 70;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly ILogger _logger = logger;
    private int _begun;

    /// <summary>Begins to end the process; returns at once.</summary>
    public void Begin()
    {
        if (Interlocked.Exchange(ref _begun, 1) != 0)
            return;
        LogEnds(options.Device, Limit.TotalSeconds);
        worker.Abandon();
        lifetime.ApplicationStopped.Register(options.EndProcess);
        lifetime.StopApplication();
        _ = Task.Delay(Limit, time).ContinueWith(_ => options.EndProcess(), TaskScheduler.Default);
    }

    /// <summary>Ends the process without a word to libraries: their clean-up may wait for the thread that stands still.</summary>
    public static void EndProcess() => Exit(ExitCode);

    [DllImport("libc", EntryPoint = "_exit"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void Exit(int code);

    [LoggerMessage(2010, LogLevel.Critical, "Device {Device} is not given back by the work on it: this silo leaves its cluster and ends, within {Seconds} s")]
    private partial void LogEnds(string device, double seconds);
}
