namespace Bam.Training.Mixing;

/// <summary>A mixture measured before its first step.</summary>
public sealed record MixOpening
{
    /// <summary>Tokens measured, of each domain.</summary>
    public required int Tokens { get; init; }

    /// <summary>Loss on each domain.</summary>
    public required IReadOnlyList<OpeningLoss> Losses { get; init; }

    /// <summary>Factor that each layer's FFN experts were scaled by; empty without rescale.</summary>
    public required IReadOnlyList<double> FfnScales { get; init; }

    /// <summary>The mixture with all gates forced to one expert, held against that expert's dense model.</summary>
    public required IReadOnlyList<ForcedExpert> Forced { get; init; }

    /// <summary>Why <see cref="Forced"/> is empty; null when it is not.</summary>
    public string? ForcedSkipped { get; init; }
}
