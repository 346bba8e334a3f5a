using System.Globalization;
using System.Text.Json;

namespace Bam.Deploy.Tests.Watching;

/// <summary>A series of a range query.</summary>
/// <param name="Labels">Its labels.</param>
/// <param name="Values">Its values, in the order of time.</param>
internal sealed record Series(IReadOnlyDictionary<string, string> Labels, IReadOnlyList<double> Values)
{
    public static Series Of(JsonElement json) => new(
        json.GetProperty("metric").EnumerateObject().ToDictionary(label => label.Name, label => label.Value.GetString()!),
        [.. json.GetProperty("values").EnumerateArray().Select(sample => double.Parse(Text(sample), CultureInfo.InvariantCulture))]);

    // Prometheus writes infinity in its own way.
    private static string Text(JsonElement sample) => sample[1].GetString() switch
    {
        "+Inf" => "Infinity",
        "-Inf" => "-Infinity",
        var number => number!,
    };
}
