using Bam.Contracts.Status;

namespace Bam.Grains.Runs;

/// <summary>Durable state of the run registry.</summary>
[GenerateSerializer, Alias("bam.RunRegistryState")]
internal sealed record RunRegistryState
{
    [Id(0)] public Dictionary<string, RunSummary> Runs { get; init; } = [];
}
