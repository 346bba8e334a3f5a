using Bam.Contracts.Grains;
using Bam.Contracts.Runs;
using Bam.Contracts.Status;
using Bam.Grains.Devices;
using Orleans.Placement;

namespace Bam.Grains.Members;

/// <summary>Trains the seed model or a branch of a run.</summary>
[OnDeviceSilo, KeepAlive, Immovable]
internal sealed class BranchGrain(
    [PersistentState("branch", TrainingGrainStorage.Name)] IPersistentState<TrainingGrainState> state, MemberServices services)
    : TrainingGrain(state, services), IBranchGrain
{
    protected override MemberKind Kind(string member) => member == SeedModelSpec.MemberName ? MemberKind.Seed : MemberKind.Branch;
}
