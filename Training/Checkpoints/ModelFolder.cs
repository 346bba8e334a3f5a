using Bam.Training.Model;
using static TorchSharp.torch;

namespace Bam.Training.Checkpoints;

/// <summary>A folder with <c>model.safetensors</c> and <c>config.json</c>: what every command calls a model.</summary>
public static class ModelFolder
{
    /// <exception cref="CheckpointException">The folder has no readable configuration.</exception>
    public static ModelConfig Config(string folder)
    {
        var path = Path.Combine(folder, Checkpoint.ConfigFile);
        try
        {
            return ModelConfig.FromJson(File.ReadAllText(path), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new CheckpointException(
                e is InvalidDataException ? e.Message : $"{path}: {e.Message.Split('\n')[0]}; a model is a folder with model.safetensors and config.json", e);
        }
    }

    /// <summary>Holds a model's files against its manifest, where it has one, and its tensors against its configuration.</summary>
    /// <exception cref="CheckpointException">Something is damaged or missing; the message names the file.</exception>
    public static void Verify(string folder)
    {
        if (File.Exists(Path.Combine(folder, CheckpointManifest.FileName)) && MemberStore.Verify(folder) is (null, var problem))
            throw new CheckpointException($"{folder}: {problem}; use another checkpoint, or restore this one");
        using var file = new SafeTensorsFile(Path.Combine(folder, Checkpoint.ModelFile));
        Check(Config(folder), file, folder);
    }

    /// <summary>Loads the weights.</summary>
    /// <exception cref="CheckpointException">Weights and configuration do not agree; the message names the tensor.</exception>
    public static ParameterSet Load(string folder, Device device, ScalarType compute = ScalarType.Float32)
    {
        var config = Config(folder);
        using var file = new SafeTensorsFile(Path.Combine(folder, Checkpoint.ModelFile));
        Check(config, file, folder);
        var parameters = new ParameterSet(config, device, compute);
        parameters.Load((spec, values) => file.Read(spec.Name, values));
        return parameters;
    }

    /// <summary>Refuses a file whose tensors are not those of the configuration.</summary>
    internal static void Check(ModelConfig config, SafeTensorsFile file, string folder)
    {
        foreach (var spec in TensorLayout.Of(config))
        {
            var shape = file.Shape(spec.Name) ?? throw new CheckpointException($"{folder}: {Checkpoint.ModelFile} has no tensor '{spec.Name}'");
            if (!shape.SequenceEqual(spec.Shape))
            {
                throw new CheckpointException($"{folder}: tensor '{spec.Name}' is [{string.Join(", ", shape)}], " +
                    $"config.json asks for [{string.Join(", ", spec.Shape)}]");
            }
        }
    }
}
