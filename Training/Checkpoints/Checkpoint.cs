using Bam.Training.Model;

namespace Bam.Training.Checkpoints;

/// <summary>A published checkpoint whose files have been verified.</summary>
/// <param name="Folder">Its folder.</param>
/// <param name="Manifest">Its manifest.</param>
public sealed record Checkpoint(string Folder, CheckpointManifest Manifest)
{
    public const string ModelFile = "model.safetensors", OptimizerFile = "optimizer.safetensors", StateFile = "state.json", ConfigFile = "config.json";

    /// <summary>SHA-256 of the weights, in hex.</summary>
    public string ModelSha256 => Manifest.Files[ModelFile].Sha256;

    public bool HasOptimizer => Manifest.Files.ContainsKey(OptimizerFile);

    public ModelConfig Config => ModelFolder.Config(Folder);

    public TrainingState State => CheckpointJson.Read<TrainingState>(Path.Combine(Folder, StateFile));

    public SafeTensorsFile OpenModel() => new(Path.Combine(Folder, ModelFile));

    public SafeTensorsFile OpenOptimizer() => new(Path.Combine(Folder, OptimizerFile));
}
