namespace Bam.Client.Views;

/// <summary>A curve in one line of text.</summary>
internal static class Sparkline
{
    /// <summary>
    /// A character a value. The lowest value has the lowest level; the highest level begins at the highest value after the first tenth, as the
    /// drop at a training's start would flatten all that comes after it.
    /// </summary>
    public static string Of(IReadOnlyList<double> values, Glyphs glyphs)
    {
        var known = values.Skip(values.Count / 10).Where(double.IsFinite).DefaultIfEmpty(double.NaN).ToArray();
        var (low, high) = (values.Where(double.IsFinite).DefaultIfEmpty(double.NaN).Min(), known.Max());
        return string.Concat(values.Select(value => !double.IsFinite(value) ? ' ' : glyphs.Sparks[Level(value)]));

        int Level(double value) => high > low
            ? (int)Math.Clamp((value - low) / (high - low) * glyphs.Sparks.Length, 0, glyphs.Sparks.Length - 1)
            : 0;
    }
}
