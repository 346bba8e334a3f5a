using Bam.Training.Model;

namespace Bam.Client.RunFiles;

/// <summary>Checks that a seed model's folder can be what the run file says, without reading its weights.</summary>
internal static class SeedCheckpoint
{
    private static readonly (string Key, Func<ModelConfig, object> Of)[] Shape =
    [
        ("layers", config => config.Layers),
        ("width", config => config.Width),
        ("heads", config => config.Heads),
        ("kv_heads", config => config.KvHeads),
        ("ffn", config => config.Ffn),
        ("context", config => config.Context),
        ("vocab", config => config.Vocab),
        ("tied", config => config.Tied),
        ("norm", config => config.Norm),
        ("norm_eps", config => config.NormEps),
        ("rope_theta", config => config.RopeTheta),
        ("rope_interleaved", config => config.RopeInterleaved),
        ("tokenizer", config => config.Tokenizer),
    ];

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
            if (!File.Exists(Path.Combine(folder, "model.safetensors"))) return $"'{path}' has no model.safetensors";
            var config = Path.Combine(folder, "config.json");
            if (!File.Exists(config)) return $"'{path}' has no config.json";
            return Difference(ModelConfig.FromJson(File.ReadAllText(config), config), wanted);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            return e.Message;
        }
    }

    private static string? Difference(ModelConfig found, ModelConfig wanted)
    {
        if (found.Architecture != Architecture.Dense) return "is a mixture; a seed model is dense";
        var differences = Shape.Where(part => !part.Of(found).Equals(part.Of(wanted))).ToList();
        return differences.Count == 0 ? null : "has another shape than model: " + string.Join(", ", differences.Select(part =>
            $"{part.Key} is {Text(part.Of(found))} there and {Text(part.Of(wanted))} here"));
    }

    private static string Text(object value) => value is string text ? text : FormattableString.Invariant($"{value}").ToLowerInvariant();
}
