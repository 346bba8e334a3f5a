using System.Globalization;
using System.Text.RegularExpressions;
using Bam.Client.Chaos.Invariants;

namespace Bam.Client.Chaos;

/// <summary>Reads the text of <c>/metrics</c>.</summary>
internal static partial class SiloMetrics
{
    /// <summary>The lines of our own meters.</summary>
    public static IReadOnlyList<MetricSample> Parse(string text) =>
    [
        .. from line in text.Split('\n')
           where line.StartsWith("bam_", StringComparison.Ordinal)
           let match = Line.Match(line)
           where match.Success
           select new MetricSample(
               match.Groups["name"].Value,
               Label.Matches(match.Groups["labels"].Value).ToDictionary(label => label.Groups["name"].Value, label => label.Groups["value"].Value),
               Number(match.Groups["value"].Value)),
    ];

    private static double Number(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN;

    [GeneratedRegex("""^(?<name>\w+)(\{(?<labels>.*)\})? (?<value>\S+)""")]
    private static partial Regex Line { get; }

    [GeneratedRegex("""(?<name>\w+)="(?<value>[^"]*)""")]
    private static partial Regex Label { get; }
}
