namespace Bam.Client.Verbs;

/// <summary>Evaluates a model on this host.</summary>
internal interface IModelEvaluation
{
    /// <summary>Perplexity of each file as design.md, section 6, defines it.</summary>
    /// <param name="modelFolder">Folder with <c>model.safetensors</c> and <c>config.json</c>.</param>
    /// <param name="files">Absolute paths.</param>
    /// <param name="stride">Tokens between two windows; null for no overlap.</param>
    /// <param name="batch">Windows in one forward pass.</param>
    /// <param name="cancellation">Ends it between two batches.</param>
    /// <exception cref="Clusters.UserException">The model or a file cannot be used.</exception>
    IReadOnlyList<EvaluationRow> Evaluate(
        string modelFolder, IReadOnlyList<string> files, int? stride, int batch, CancellationToken cancellation);
}
