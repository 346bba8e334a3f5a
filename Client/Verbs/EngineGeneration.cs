using Bam.Training.Generation;

namespace Bam.Client.Verbs;

/// <summary>Lets models write with the engine, in this process: on the GPU when libtorch has one, else on the CPU.</summary>
internal sealed class EngineGeneration : IModelGeneration
{
    public IReadOnlyList<GeneratedText> Generate(
        string modelFolder, IReadOnlyList<string> prompts, GenerationOptions options, CancellationToken cancellation) =>
        EngineThread.Run("bam-generate", modelFolder, model => new TextGenerator(model).Generate(prompts, options, cancellation));
}
