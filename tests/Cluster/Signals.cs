using System.Runtime.InteropServices;

namespace Bam.Cluster;

/// <summary>Signals to processes, and whether one is stopped.</summary>
internal static class Signals
{
    public const int Interrupt = 2, Kill = 9, Terminate = 15, Continue = 18, Stop = 19;

    public static void Send(int process, int signal) => _ = SendSignal(process, signal);

    /// <summary>Whether a process is stopped by a signal (state T of proc(5)).</summary>
    public static bool IsStopped(int process) => State(process) == 'T';

    /// <summary>Whether a process is there and has not ended.</summary>
    public static bool IsAlive(int process) => State(process) is not (null or 'Z' or 'X');

    private static char? State(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[stat.LastIndexOf(')') + 2];
        }
        catch (IOException)
        {
            return null;
        }
    }

    [DllImport("libc", EntryPoint = "kill"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int process, int signal);
}
