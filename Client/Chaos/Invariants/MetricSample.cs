namespace Bam.Client.Chaos.Invariants;

/// <summary>One line of <c>/metrics</c>.</summary>
/// <param name="Name">Name of the series.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="Value">Its value.</param>
internal sealed record MetricSample(string Name, IReadOnlyDictionary<string, string> Labels, double Value)
{
    /// <summary>Value of a label; null when it has none.</summary>
    public string? Label(string name) => Labels.GetValueOrDefault(name);

    public override string ToString() => $"{Name}{{{string.Join(',', Labels.Select(label => $"{label.Key}=\"{label.Value}\""))}}} {Value}";
}
