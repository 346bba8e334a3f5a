using Bam.Contracts.Runs;
using Bam.Contracts.Status;

namespace Bam.Grains.Runs;

/// <summary>Durable state of a run. The coordinator is its only writer.</summary>
[GenerateSerializer, Alias("bam.RunState")]
internal sealed record RunState
{
    [Id(0)] public RunSpec? Spec { get; set; }

    [Id(1)] public RunPhase Phase { get; set; }

    [Id(2)] public DateTimeOffset Launched { get; set; }

    [Id(3)] public DateTimeOffset? Ended { get; set; }

    [Id(4)] public string? Error { get; set; }

    /// <summary>Seed model, branches, mixtures: in the run file's order.</summary>
    [Id(5)] public List<MemberRecord> Members { get; init; } = [];

    /// <summary>The event log's newest lines.</summary>
    [Id(6)] public List<RunEvent> Events { get; init; } = [];

    /// <summary>When the held slots' time was last counted.</summary>
    [Id(7)] public DateTimeOffset LastTick { get; set; }

    /// <summary>The run file of the last extension, as it was sent: there, old mixtures may name new experts. Null before the first.</summary>
    [Id(8)] public RunSpec? Extended { get; set; }

    /// <summary>Whether it stands still until it is resumed.</summary>
    [Id(9)] public bool Paused { get; set; }

    /// <summary>When the present phase began.</summary>
    [Id(20)] public DateTimeOffset PhaseBegan { get; set; }
}
