using Bam.Client.Clusters;

namespace Bam.Client.Verbs;

/// <summary>Stands where Training's evaluator, corpora and libtorch loader come in at integration; delete it then.</summary>
internal sealed class NotWired : IModelEvaluation
{
    public IReadOnlyList<EvaluationRow> Evaluate(
        string modelFolder, IReadOnlyList<string> files, int? stride, int batch, CancellationToken cancellation) =>
        throw Missing("the evaluator");

    public static void WriteCorpus(string folder, long seed, long trainBytes, long validationBytes) => throw Missing("the corpora");

    public static string DescribeTorch() => throw Missing("libtorch");

    private static UserException Missing(string part) => new($"{part} of Training is not wired into this build", ExitCode.Failed);
}
