namespace Bam.Page.Tests;

/// <summary>What the page showed at one moment of the run.</summary>
internal sealed record Picture
{
    /// <summary><c>live</c>, <c>lost</c> or <c>waiting</c>.</summary>
    public required string Signal { get; init; }

    public required string SignalText { get; init; }

    public required string Phase { get; init; }

    public required string Percent { get; init; }

    /// <summary>The cells of each model's row.</summary>
    public required string[][] Models { get; init; }

    /// <summary>Points of the longest training curve; 0 before any is drawn.</summary>
    public required int Points { get; init; }
}
