using System.Text.Json;
using Bam.Client.Clusters;

namespace Bam.Client.Chaos;

/// <summary>What <c>bam status RUN --json</c> said of an undisturbed run.</summary>
internal static class ReferenceFile
{
    /// <returns>SHA-256 of its weights, by model.</returns>
    /// <exception cref="UserException">It is no such file, or the run in it has not completed; exit code 2.</exception>
    public static IReadOnlyDictionary<string, string?> Read(string file)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            if (document.RootElement.GetProperty("phase").GetString() != "completed")
                throw new UserException($"{file}: that run has not completed; give what 'bam status RUN --json' prints of one that has", 2);
            return document.RootElement.GetProperty("members").EnumerateArray()
                .ToDictionary(member => member.GetProperty("name").GetString()!, member => member.GetProperty("checkpoint_hash").GetString());
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            throw new UserException($"{file}: {e.Message.Split('\n')[0].TrimEnd('.')}; give what 'bam status RUN --json' prints", 2);
        }
    }
}
