using System.Text.RegularExpressions;
using Bam.Contracts.Tests;

namespace Bam.Deploy.Tests.Hosts;

/// <summary>The options of a silo as environment variables, read from their one list in Silo/Hosting/SiloSettings.cs.</summary>
internal static partial class SiloOptions
{
    public static IReadOnlyList<string> Variables()
    {
        var source = File.ReadAllText(Path.Combine(Repository.Root, "Silo", "Hosting", "SiloSettings.cs"));
        var list = source[source.IndexOf("string[] Names", StringComparison.Ordinal)..];
        return [.. Name().Matches(list[..list.IndexOf("];", StringComparison.Ordinal)]).Select(match => $"Bam__{match.Groups[1].Value}{match.Groups[2].Value}")];
    }

    [GeneratedRegex(@"nameof\((\w+)\)|""(\w+)""")]
    private static partial Regex Name();
}
