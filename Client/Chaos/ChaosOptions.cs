namespace Bam.Client.Chaos;

/// <summary>What the user asks of <c>bam chaos</c>.</summary>
internal sealed record ChaosOptions
{
    public required string Run { get; init; }

    /// <summary>What kinds, targets and pauses derive from.</summary>
    public required long Seed { get; init; }

    /// <summary>Mean time between two faults.</summary>
    public required TimeSpan MeanTimeBetweenFaults { get; init; }

    public required IReadOnlyList<FaultKind> Kinds { get; init; }

    /// <summary>Longest time; null for as long as the run goes on.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>Most faults; null for as many as fit.</summary>
    public int? MaxFaults { get; init; }

    /// <summary>SHA-256 of an undisturbed run's weights, by model; null for none.</summary>
    public IReadOnlyDictionary<string, string?>? Reference { get; init; }

    /// <summary>The command line that repeats it.</summary>
    public required string Command { get; init; }
}
