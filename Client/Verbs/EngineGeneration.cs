using Bam.Training.Checkpoints;
using Bam.Training.Generation;
using Bam.Training.Model;
using Bam.Training.Native;
using static TorchSharp.torch;

namespace Bam.Client.Verbs;

/// <summary>Lets models write with the engine, in this process: on the GPU when libtorch has one, else on the CPU.</summary>
internal sealed class EngineGeneration : IModelGeneration
{
    public IReadOnlyList<GeneratedText> Generate(
        string modelFolder, IReadOnlyList<string> prompts, GenerationOptions options, CancellationToken cancellation) =>
        EngineThread.Run("bam-generate", () =>
        {
            ModelFolder.Verify(modelFolder);
            TorchLibrary.Load();
            using var scope = NewDisposeScope();
            using var parameters = ModelFolder.Load(modelFolder, cuda.is_available() ? CUDA : CPU);
            using var model = new Transformer(parameters);
            return new TextGenerator(model).Generate(prompts, options, cancellation);
        });
}
