using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Bam.Training.Faults;

/// <summary>
/// Faults ordered by files named <c>ACTION@POINT@MEMBER@STEP</c>, such as <c>die@save-weights@law@200</c>; MEMBER and STEP may be <c>*</c>;
/// a save is the first from its step on, since saves are put off while the one before is written.
/// An empty file fires once, in one process only: it is first renamed to <c>….fired</c>, which then says when, and by which process. One that says <c>always</c> fires each time; write
/// such a one under a name that begins with a dot and rename it. A missing folder orders nothing.
/// </summary>
public sealed partial class FaultFolder : IFaults
{
    private const string Fired = ".fired", Always = "always";

    private const int StopSignal = 19;

    private static readonly TimeSpan HangTime = TimeSpan.FromHours(1), SlowTime = TimeSpan.FromSeconds(2);

    private readonly string _folder;
    private readonly Action _die, _freeze;
    private readonly Action<TimeSpan> _block;

    /// <param name="folder">Folder of the orders.</param>
    public FaultFolder(string folder)
        : this(folder, Process.GetCurrentProcess().Kill, Thread.Sleep, static () => _ = SendSignal(Environment.ProcessId, StopSignal))
    {
    }

    /// <param name="folder">Folder of the orders.</param>
    /// <param name="die">Ends the process.</param>
    /// <param name="block">Holds the calling thread for a time.</param>
    /// <param name="freeze">Stops the process until somebody continues it.</param>
    internal FaultFolder(string folder, Action die, Action<TimeSpan> block, Action freeze) =>
        (_folder, _die, _block, _freeze) = (folder, die, block, freeze);

    /// <exception cref="IOException">Ordered: there is no space left.</exception>
    /// <exception cref="InvalidOperationException">Ordered.</exception>
    /// <exception cref="InvalidDataException">A file's name is no order.</exception>
    public void At(FaultPoint point, string member, long step)
    {
        foreach (var action in Take(order => order.Action != FaultAction.Nan && order.IsFor(point, member, step)))
            Do(action, $"{point} of {member} at step {step}");
    }

    /// <exception cref="InvalidDataException">A file's name is no order.</exception>
    public bool Poisons(string member, long step) =>
        Take(order => order.Action == FaultAction.Nan && order.IsFor(FaultPoint.Step, member, step)).Any();

    private void Do(FaultAction action, string place)
    {
        switch (action)
        {
            case FaultAction.Die:
                _die();
                _block(HangTime);                                              // the signal needs a moment: nothing more is to happen here
                break;
            case FaultAction.Freeze:
                _freeze();
                break;
            case FaultAction.Hang:
                _block(HangTime);
                break;
            case FaultAction.Slow:
                _block(SlowTime);
                break;
            case FaultAction.NoSpace:
                throw new IOException("No space left on device", hresult: 28);   // as the system says it: ENOSPC
            case FaultAction.Fail:
                throw new InvalidOperationException($"a fault was ordered for {place}");
            default:
                throw new UnreachableException($"{action}");
        }
    }

    /// <summary>The actions of the orders that match, each claimed when it is asked for.</summary>
    private IEnumerable<FaultAction> Take(Func<FaultOrder, bool> match)
    {
        if (!Directory.Exists(_folder))
            yield break;
        foreach (var path in Directory.EnumerateFiles(_folder))
        {
            var name = Path.GetFileName(path);
            if (name.EndsWith(Fired, StringComparison.Ordinal) || name.StartsWith('.'))
                continue;
            var order = FaultOrder.Parse(name)
                ?? throw new InvalidDataException($"{path}: not an order; name it ACTION@POINT@MEMBER@STEP, such as die@save-weights@law@200");
            if (match(order) && Claim(path))
                yield return order.Action;
        }
    }

    /// <summary>Whether the order is this call's to carry out.</summary>
    private static bool Claim(string path)
    {
        try
        {
            if (File.ReadAllText(path).Trim() == Always)
                return true;
            File.Move(path, path + Fired, overwrite: true);
            File.WriteAllText(path + Fired, string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:O} {Environment.ProcessId}"));
            return true;
        }
        catch (FileNotFoundException)
        {
            return false;   // another process was first
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
