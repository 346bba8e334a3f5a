namespace Bam.Client.Chaos.Invariants;

/// <summary>What must hold of a run, whatever dies.</summary>
internal enum Invariant
{
    /// <summary>At most one attempt publishes at any time: attempts strictly increase, and none publishes after a newer one has begun.</summary>
    OnePublisher,

    /// <summary>No published checkpoint goes before newer ones are durable.</summary>
    NothingVanishes,

    /// <summary>What is published is what its manifest says; what was damaged is set aside, named, and not used.</summary>
    Sound,

    /// <summary>Every token position is trained exactly once in the history that survives.</summary>
    TrainedOnce,

    /// <summary>Every restart is in the event log with its reason, and status, log and metrics agree.</summary>
    RestartsTold,

    /// <summary>What was hit trains on by itself, and the run does not fail.</summary>
    Recovers,

    /// <summary>What is no death restarts nothing.</summary>
    NoFalseAlarm,

    /// <summary>Every model ends with the bits of the undisturbed run.</summary>
    SameBits,
}
