using System.Text.Json;
using Bam.Contracts.Runs;

namespace Bam.Grains.Runs;

/// <summary>Compares run specifications by content; records compare their lists by reference.</summary>
internal static class RunSpecs
{
    public static bool AreEqual(RunSpec left, RunSpec right) => JsonSerializer.Serialize(left) == JsonSerializer.Serialize(right);
}
