using Bam.Grains.Devices;
using Bam.Training.Faults;

namespace Bam.Grains.Hosting;

/// <summary>What a silo offers to training: a device slot, the checkpoint store and a folder for token files.</summary>
public sealed record TrainingHostOptions
{
    /// <summary>Root of the checkpoint store; the same folder for every silo of a cluster.</summary>
    public required string Store { get; init; }

    /// <summary>Folder of tokenised data, shared or not.</summary>
    public required string TokenCache { get; init; }

    /// <summary>Torch device of the silo's one slot, such as <c>cpu</c> or <c>cuda:0</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>CPU threads of one training step. Equal on all silos, or a resumed branch may differ in its last bits.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>FLOPs a second that the device could do; null to know it by the GPU's name, or to measure the CPU's.</summary>
    public double? PeakFlops { get; init; }

    /// <summary>Faults that a test or a drill ordered.</summary>
    public IFaults Faults { get; init; } = NoFaults.Instance;

    /// <summary>Pause before the third attempt at one place; each further one is four times as long, at most a minute. The second comes at once.</summary>
    public TimeSpan BackOff { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Ends this process at once.</summary>
    public Action EndProcess { get; init; } = SiloEnd.EndProcess;

    /// <summary>Folder of a model in the checkpoint store.</summary>
    internal string FolderOf(string run, string member) => Path.Combine(Store, run, member);
}
