using System.Globalization;
using Bam.Training.Mixing;

namespace Bam.Grains.Members;

/// <summary>What was measured of a mixture before its first step, in one line for the event log; receipt.json has all of it.</summary>
internal static class OpeningLine
{
    public static string Of(MixOpening opening)
    {
        var parts = new List<string> { $"perplexity before the first step: {Join(opening.Losses.Select(loss => $"{loss.Domain} {Number(Math.Exp(loss.Nll))}"))}" };
        if (opening.FfnScales.Count > 0)
        {
            var without = opening.Losses.Select(loss => $"{loss.Domain} {Number(Math.Exp(loss.NllWithoutRescale ?? loss.Nll))}");
            parts.Add($"without the rescale of the FFN (x {Number(opening.FfnScales.Average())} in the mean): {Join(without)}");
        }

        parts.AddRange(opening.Forced.Select(forced =>
            $"forced on expert {forced.Index} ({forced.Expert}): {Number(Math.Exp(forced.Nll))}, its dense model: {Number(Math.Exp(forced.DenseNll))}"));
        if (opening.ForcedSkipped is { } why)
            parts.Add($"not held against its dense models: {why}");
        return string.Join("; ", parts);
    }

    private static string Join(IEnumerable<string> parts) => string.Join(", ", parts);

    private static string Number(double value) => value.ToString(value < 1000 ? "0.###" : "0.###e+0", CultureInfo.InvariantCulture);
}
