using System.Runtime.InteropServices;

namespace Bam.Training.Checkpoints;

/// <summary>The priority of a thread among all of the machine.</summary>
internal static partial class Niceness
{
    private const int Process = 0, OwnThread = 0, Lowest = 19;

    /// <summary>Lets every other thread go first for as long as the calling thread lives. Linux only: elsewhere niceness is a whole process's.</summary>
    public static void YieldToAll()
    {
        if (OperatingSystem.IsLinux())
            _ = SetPriority(Process, OwnThread, Lowest);
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, int who, int niceness);
}
