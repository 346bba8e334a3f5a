using Bam.Client.Clusters;
using Bam.Contracts.Runs;
using Bam.Training.Data;
using Bam.Training.Evaluation;
using Bam.Training.Model;

namespace Bam.Client.Verbs;

/// <summary>Evaluates models with the engine, in this process: on the GPU when libtorch has one, else on the CPU.</summary>
internal sealed class EngineEvaluation : IModelEvaluation
{
    public IReadOnlyList<EvaluationRow> Evaluate(string modelFolder, IReadOnlyList<string> files, int? stride, int batch, CancellationToken cancellation) =>
        EngineThread.Run("bam-eval", modelFolder, model => Measure(model, files, stride, batch, cancellation));

    private static List<EvaluationRow> Measure(Transformer model, IReadOnlyList<string> files, int? stride, int batch, CancellationToken cancellation)
    {
        var config = model.Parameters.Config;
        if (stride > config.Context)
            throw new UserException($"--stride: {stride} is longer than the model's context of {config.Context} tokens", ExitCode.InputWrong);
        var cache = Directory.CreateTempSubdirectory("bam-eval-").FullName;
        try
        {
            return [.. files.Select(file => Row(model, config, file, cache, stride ?? 0, batch, cancellation))];
        }
        finally
        {
            Directory.Delete(cache, recursive: true);
        }
    }

    private static EvaluationRow Row(Transformer model, ModelConfig config, string file, string cache, int stride, int batch, CancellationToken cancellation)
    {
        using var data = DomainData.Open(new DomainSpec("eval", [], [file]), config.Tokenizer, cache, cancellation);
        var result = PerplexityMeter.Measure(model, data.Validation, stride, batch: batch, cancellation: cancellation);
        return new EvaluationRow(
            file, result.Tokens, result.Nll, result.BitsPerByte, result.Perplexity, result.Window, result.Stride)
        {
            Routing = result.Routing,
            Experts = config.ExpertNames ?? [],
        };
    }
}
