using Bam.Contracts.Runs;
using Bam.Training.Faults;
using Bam.Training.Sessions;
using Bam.Training.Tests.Sessions;

namespace Bam.Training.Tests.Checkpoints;

/// <summary>A training that keeps one checkpoint, and what its store would be had the process died at any point of any of its saves.</summary>
public sealed class InterruptedSaves : IDisposable
{
    public const int Every = 5;

    private readonly TemporaryFolder _folder = new();
    private readonly TinyRun _run = new();

    public InterruptedSaves()
    {
        _run.Spec = _run.Spec with { Checkpoints = new CheckpointSpec(Every, Keep: 1) };
        var job = Job;
        var copies = new Copies(job.Store, _folder.At("copies"));
        Sha256 = new TrainingSession(job with { Faults = copies }, new Patient()).Run().Checkpoint!.ModelSha256;
        Taken = copies.Taken;
    }

    /// <summary>SHA-256 of the weights that nothing disturbed.</summary>
    internal string Sha256 { get; }

    /// <summary>Every point of every save, with a copy of the store as it was then.</summary>
    internal IReadOnlyList<(FaultPoint Point, long Step, string Store)> Taken { get; }

    internal TrainingJob Job => _run.Job("digits");

    /// <summary>A store of the caller's own, as it was at a point of the save of a step.</summary>
    internal string StoreAt(FaultPoint point, long step)
    {
        var copy = _folder.At($"{Guid.NewGuid():n}");
        Copy(Taken.Single(taken => (taken.Point, taken.Step) == (point, step)).Store, copy);
        return copy;
    }

    public void Dispose()
    {
        _run.Dispose();
        _folder.Dispose();
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        foreach (var folder in Directory.EnumerateDirectories(from))
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
    }

    /// <summary>Lets no step pass while a save is being written, so that each save has its step.</summary>
    private sealed class Patient : TinyRun.Observer
    {
        public override void Stepped(long step, TimeSpan duration, TimeSpan dataWait)
        {
            base.Stepped(step, duration, dataWait);
            SpinWait.SpinUntil(() => Saves.Count >= (step - 1) / Every, TimeSpan.FromSeconds(30));
        }
    }

    private sealed class Copies(string store, string folder) : IFaults
    {
        public List<(FaultPoint Point, long Step, string Store)> Taken { get; } = [];

        public void At(FaultPoint point, string member, long step)
        {
            if (point is < FaultPoint.SaveStaged or > FaultPoint.SavePruned)
                return;
            var copy = Path.Combine(folder, $"{Taken.Count}");
            Copy(store, copy);
            Taken.Add((point, step, copy));
        }

        public bool Poisons(string member, long step) => false;
    }
}
