using System.Globalization;
using System.Runtime.InteropServices;

namespace Bam.Client.Clusters;

/// <summary>
/// One process and no other: its number, and when the kernel started it. Numbers are used again, so a number alone could name a stranger.
/// </summary>
/// <param name="Id">Process number.</param>
/// <param name="Started">The boot it belongs to and its start in clock ticks since; compared, never read.</param>
internal sealed record ProcessIdentity(int Id, string Started)
{
    private const int Terminate = 15;
    private const int Kill9 = 9;
    private const int StopSignal = 19;
    private const int ContinueSignal = 18;

    /// <summary>The process with this number; null when none is alive. A zombie is not.</summary>
    public static ProcessIdentity? Of(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' '); // the name before it may hold anything
            return fields[0] is "Z" or "X" ? null : new(id, $"{Boot()}/{fields[19]}"); // fields 3 and 22 of proc(5)
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static ProcessIdentity Current { get; } = Of(Environment.ProcessId)!;

    public bool IsAlive() => Of(Id) == this;

    /// <summary>Asks the process to end; nothing when it has ended already.</summary>
    public void Stop() => Send(Terminate);

    /// <summary>Ends the process.</summary>
    public void Kill() => Send(Kill9);

    /// <summary>Stops the process where it stands, until <see cref="Thaw"/>.</summary>
    public void Freeze() => Send(StopSignal);

    /// <summary>Lets a frozen process go on.</summary>
    public void Thaw() => Send(ContinueSignal);

    /// <summary>Waits for the end of the process; false when <paramref name="limit"/> came first.</summary>
    public async Task<bool> WaitForExit(TimeSpan limit, CancellationToken cancellation)
    {
        var deadline = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        while (IsAlive())
        {
            if (Environment.TickCount64 > deadline) return false;
            await Task.Delay(50, cancellation);
        }
        return true;
    }

    public override string ToString() => Id.ToString(CultureInfo.InvariantCulture);

    private void Send(int signal)
    {
        if (IsAlive()) _ = SendSignal(Id, signal);
    }

    private static string Boot() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    [DllImport("libc", EntryPoint = "kill"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int process, int signal);
}
