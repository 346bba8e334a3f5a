using Bam.Contracts.Grains;
using Bam.Contracts.Status;

namespace Bam.Grains.Runs;

/// <summary>Knows the names and states of all runs, for lists and for the supervisors.</summary>
[KeepAlive]
internal sealed class RunRegistryGrain([PersistentState("runs", TrainingGrainStorage.Name)] IPersistentState<RunRegistryState> state)
    : Grain, IRunRegistryGrain
{
    public async Task Record(RunSummary summary, CancellationToken cancellation)
    {
        if (state.State.Runs.GetValueOrDefault(summary.Name) == summary)
            return;
        state.State.Runs[summary.Name] = summary;
        await state.WriteStateAsync(cancellation);
    }

    public Task<IReadOnlyList<RunSummary>> List(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<RunSummary>>([.. state.State.Runs.Values.OrderByDescending(run => run.Launched)]);
}
