using System.Runtime.InteropServices;

namespace Bam.Training.Checkpoints;

/// <summary>Work that takes the processor time that a training leaves.</summary>
internal static partial class BackgroundThread
{
    private const int OwnThread = 0, Niceness = 10;

    /// <summary>Runs work on a thread of its own, of a lower priority where the system has one (Linux: nice 10, about a tenth of a busy core).</summary>
    public static Task Run(Action work) => Task.Factory.StartNew(
        () =>
        {
            if (OperatingSystem.IsLinux())
                _ = SetPriority(OwnThread, 0, Niceness);                       // "process 0" is the calling thread
            work();
        },
        CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, int who, int niceness);
}
