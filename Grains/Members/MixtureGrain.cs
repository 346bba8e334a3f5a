using Bam.Contracts.Grains;
using Bam.Contracts.Status;
using Bam.Grains.Devices;
using Orleans.Placement;

namespace Bam.Grains.Members;

/// <summary>Trains a mixture of a run on all of its domains.</summary>
[OnDeviceSilo, KeepAlive, Immovable]
internal sealed class MixtureGrain(
    [PersistentState("mixture", TrainingGrainStorage.Name)] IPersistentState<TrainingGrainState> state, MemberServices services)
    : TrainingGrain(state, services), IMixtureGrain
{
    protected override MemberKind Kind(string member) => MemberKind.Mixture;
}
