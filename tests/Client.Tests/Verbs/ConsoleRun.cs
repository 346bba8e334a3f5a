using Bam.Client.Clusters;
using Bam.Client.Diagnosis;
using Bam.Client.Verbs;
using Bam.Training.Generation;

namespace Bam.Client.Tests.Verbs;

/// <summary>What one command line did.</summary>
internal sealed record ConsoleRun(int ExitCode, string Output, string Error)
{
    /// <summary>Runs a command line in this process against a cluster in memory.</summary>
    public static async Task<ConsoleRun> Of(
        FakeCluster cluster, IModelEvaluation? evaluation = null, Func<TorchHost>? torch = null, IHostGpus? gpus = null, CancellationToken cancellation = default, params IReadOnlyList<string> arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var services = new Services(cluster, gpus ?? new FakeGpus(), evaluation ?? new FakeEvaluation(), new FakeGeneration(), WriteCorpus, torch ?? (() => new("libtorch 2.10")), TimeProvider.System);
        var code = await services.Console(new Terminal(output, error, interactive: false)).Run(arguments, cancellation);
        return new(code, output.ToString(), error.ToString());
    }

    private static void WriteCorpus(string folder, long seed, long trainBytes, long validationBytes)
    {
        Directory.CreateDirectory(folder);
        foreach (var domain in new[] { "general", "law", "code", "math" })
        {
            File.WriteAllText(Path.Combine(folder, $"{domain}.train.jsonl"), "{\"text\":\"x\"}\n");
            File.WriteAllText(Path.Combine(folder, $"{domain}.validation.jsonl"), "{\"text\":\"x\"}\n");
        }
    }

    private sealed class FakeEvaluation : IModelEvaluation
    {
        public IReadOnlyList<EvaluationRow> Evaluate(string modelFolder, IReadOnlyList<string> files, int? stride, int batch, CancellationToken cancellation) =>
            [.. files.Select(file => new EvaluationRow(Path.GetFileName(file), 100, Math.Log(2), 0.5, 2, 256, stride ?? 256))];
    }

    /// <summary>Says what it was asked.</summary>
    private sealed class FakeGeneration : IModelGeneration
    {
        public IReadOnlyList<GeneratedText> Generate(string modelFolder, IReadOnlyList<string> prompts, GenerationOptions options, CancellationToken cancellation) =>
        [
            .. prompts.Select(prompt => new GeneratedText(
                prompt, $" {options.Tokens} {options.Temperature} {options.TopK} {options.Seed}", 7, prompt.Length == 0 ? TextEnd.EndOfDocument : TextEnd.Length)),
        ];
    }
}
