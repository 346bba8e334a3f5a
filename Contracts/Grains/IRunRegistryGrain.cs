using Bam.Contracts.Status;
using Orleans.Concurrency;

namespace Bam.Contracts.Grains;

/// <summary>Names and states of all runs. One grain, key <see cref="Key"/>; never on the training path.</summary>
[Alias("bam.IRunRegistryGrain")]
public interface IRunRegistryGrain : IGrainWithStringKey
{
    const string Key = "runs";

    /// <summary>Adds the run, or replaces what is known of it.</summary>
    [Alias("Record")]
    Task Record(RunSummary summary, CancellationToken cancellation = default);

    /// <summary>All runs, newest first.</summary>
    [Alias("List"), AlwaysInterleave]
    Task<IReadOnlyList<RunSummary>> List(CancellationToken cancellation = default);
}
