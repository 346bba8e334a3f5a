namespace Bam.Client.RunFiles;

/// <summary>What a number of the run file must be.</summary>
/// <param name="Text">In words, after "must be".</param>
/// <param name="Holds">Whether a number is so.</param>
internal sealed record NumberRule(string Text, Func<double, bool> Holds)
{
    public static readonly NumberRule Positive = new("more than 0", number => number > 0);
    public static readonly NumberRule NotNegative = new("at least 0", number => number >= 0);
    public static readonly NumberRule UnitInterval = new("between 0 and 1", number => number is >= 0 and <= 1);
    public static readonly NumberRule BelowOne = new("at least 0 and less than 1", number => number is >= 0 and < 1);
}
