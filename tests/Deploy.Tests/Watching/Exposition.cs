namespace Bam.Deploy.Tests.Watching;

/// <summary>What a silo shows at /metrics.</summary>
internal static class Exposition
{
    /// <summary>Metrics by name, with type and help.</summary>
    public static Dictionary<string, (string Type, string Help)> Metrics(string text)
    {
        var lines = text.Split('\n').Where(line => line.StartsWith("# ", StringComparison.Ordinal)).Select(line => line.Split(' ', 4)).Where(parts => parts.Length == 4).ToArray();
        return lines.Where(parts => parts[1] == "TYPE").ToDictionary(
            parts => parts[2], parts => (parts[3], lines.FirstOrDefault(other => other[1] == "HELP" && other[2] == parts[2])?[3] ?? ""));
    }
}
