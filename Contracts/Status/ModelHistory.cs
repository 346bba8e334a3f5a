namespace Bam.Contracts.Status;

/// <summary>The loss of a model over its training, as the surviving history has it: no step twice, none missing.</summary>
[GenerateSerializer, Immutable, Alias("bam.ModelHistory")]
public sealed record ModelHistory
{
    [Id(0)] public required string Name { get; init; }

    /// <summary>At most about 500 points, ascending.</summary>
    [Id(1)] public required IReadOnlyList<CurvePoint> Training { get; init; }

    /// <summary>Ascending by step: a mixture before its first step, what was measured between the steps, and the finished model on every domain.</summary>
    [Id(2)] public required IReadOnlyList<ValidationPoint> Validation { get; init; }
}
