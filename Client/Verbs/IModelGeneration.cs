using Bam.Training.Generation;

namespace Bam.Client.Verbs;

/// <summary>Lets a model write on this host.</summary>
internal interface IModelGeneration
{
    /// <summary>Continues each prompt.</summary>
    /// <param name="modelFolder">Folder with <c>model.safetensors</c> and <c>config.json</c>.</param>
    /// <param name="prompts">Texts; an empty one begins a document.</param>
    /// <param name="options">How they go on.</param>
    /// <param name="cancellation">Ends it between two tokens.</param>
    IReadOnlyList<GeneratedText> Generate(
        string modelFolder, IReadOnlyList<string> prompts, GenerationOptions options, CancellationToken cancellation);
}
