namespace Bam.Contracts.Status;

/// <summary>One line of a run's event log. Sequence numbers start at 1 and have no gaps.</summary>
[GenerateSerializer, Immutable, Alias("bam.RunEvent")]
public sealed record RunEvent
{
    [Id(0)] public required long Sequence { get; init; }

    [Id(1)] public required DateTimeOffset Time { get; init; }

    [Id(2)] public required RunEventKind Kind { get; init; }

    /// <summary>Seed model, branch or mixture; null for the run itself.</summary>
    [Id(3)] public string? Member { get; init; }

    /// <summary>One line for people.</summary>
    [Id(4)] public required string Text { get; init; }

    [Id(5)] public long? Step { get; init; }

    [Id(6)] public int? Attempt { get; init; }
}
