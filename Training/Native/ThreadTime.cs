using System.Runtime.InteropServices;

namespace Bam.Training.Native;

/// <summary>Processor time of the calling thread: unlike the wall's, it does not run while others hold the core.</summary>
internal static partial class ThreadTime
{
    private const int ThreadClock = 3;   // CLOCK_THREAD_CPUTIME_ID of Linux

    public static TimeSpan Now => Clock(ThreadClock, out var time) == 0
        ? TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromMicroseconds(time.Nanoseconds / 1000.0)
        : throw new InvalidOperationException("the system tells no thread's processor time");

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int Clock(int clock, out Instant time);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Instant
    {
        public readonly long Seconds, Nanoseconds;
    }
}
