namespace Bam.Contracts.Runs;

/// <summary>Validation during training and at its end.</summary>
/// <param name="Every">Steps between two validations on the model's own domains; 0 for none before the end.</param>
/// <param name="Tokens">Tokens of each domain to evaluate; 0 for all of them.</param>
/// <param name="Stride">Tokens between two windows, at most the context; 0 for the context: no overlap.</param>
[GenerateSerializer, Immutable, Alias("bam.EvaluationSpec")]
public sealed record EvaluationSpec(
    [property: Id(0)] int Every = 0,
    [property: Id(1)] long Tokens = 65_536,
    [property: Id(2)] int Stride = 0);
