using System.Runtime.InteropServices;

namespace Bam.Silo.Hosting;

/// <summary>The first Ctrl-C lets the host end well: the step in flight is ended and saved. The second one ends the process at once.</summary>
internal sealed class SecondInterrupt : IDisposable
{
    private const int Interrupted = 130;

    private readonly PosixSignalRegistration _registration;
    private int _count;

    public SecondInterrupt() => _registration = PosixSignalRegistration.Create(PosixSignal.SIGINT, _ =>
    {
        if (Interlocked.Increment(ref _count) > 1)
            ExitNow(Interrupted);                                              // Environment.Exit would wait for what hangs
    });

    public void Dispose() => _registration.Dispose();

    [DllImport("libc", EntryPoint = "_exit"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void ExitNow(int exitCode);
}
