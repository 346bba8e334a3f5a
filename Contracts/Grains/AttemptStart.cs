using Bam.Contracts.Status;

namespace Bam.Contracts.Grains;

/// <summary>How an attempt after the first began.</summary>
/// <param name="Attempt">Its number.</param>
/// <param name="Reason">Why it began.</param>
/// <param name="Why">The same in words, for the event log.</param>
/// <param name="From">Step that it went on from; null when it has not got that far.</param>
/// <param name="LostSteps">Steps of earlier attempts that it had to do again.</param>
[GenerateSerializer, Immutable, Alias("bam.AttemptStart")]
public sealed record AttemptStart(
    [property: Id(0)] int Attempt,
    [property: Id(1)] RestartReason Reason,
    [property: Id(2)] string Why,
    [property: Id(3)] long? From = null,
    [property: Id(4)] long LostSteps = 0);
