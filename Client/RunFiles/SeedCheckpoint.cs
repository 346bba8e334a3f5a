using Bam.Training.Checkpoints;
using Bam.Training.Model;

namespace Bam.Client.RunFiles;

/// <summary>Checks that a seed model's folder is sound and can be what the run file says.</summary>
internal static class SeedCheckpoint
{
    /// <summary>Why the folder cannot be the seed model; null when it can.</summary>
    /// <param name="path">The folder, absolute or relative to the base folder.</param>
    /// <param name="baseFolder">Absolute path.</param>
    /// <param name="wanted">The run file's model.</param>
    public static string? Problem(string path, string baseFolder, ModelConfig wanted)
    {
        try
        {
            var folder = Path.GetFullPath(path, baseFolder);
            if (!Directory.Exists(folder)) return $"'{path}' is no folder in {baseFolder}";
            if (!File.Exists(Path.Combine(folder, Checkpoint.ModelFile))) return $"'{path}' has no {Checkpoint.ModelFile}";
            var config = Path.Combine(folder, Checkpoint.ConfigFile);
            if (!File.Exists(config)) return $"'{path}' has no {Checkpoint.ConfigFile}";
            var difference = Difference(ModelConfig.FromJson(File.ReadAllText(config), config), wanted);
            if (difference is null) ModelFolder.Verify(folder);
            return difference;
        }
        catch (Exception e) when (e is InvalidDataException or CheckpointException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            return e.Message;
        }
    }

    private static string? Difference(ModelConfig found, ModelConfig wanted)
    {
        if (found.Architecture != Architecture.Dense) return "is a mixture; a seed model is dense";
        var differences = found.Differences(wanted);
        return differences.Count == 0 ? null : "has another shape than model: " + string.Join(", ", differences.Select(part =>
            $"{part.Key} is {Text(part.Here)} there and {Text(part.There)} here"));
    }

    private static string Text(object value) => value is string text ? text : FormattableString.Invariant($"{value}").ToLowerInvariant();
}
