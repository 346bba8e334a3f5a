using Bam.Training.Model;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Model;

/// <summary>A batch as plain arrays, [B][T] each.</summary>
/// <param name="Ids">Tokens.</param>
/// <param name="Targets">What follows each; -100 is not counted.</param>
/// <param name="Segments">Number of each token's sequence, 0 for padding; null for a sequence a row.</param>
/// <param name="Counted">Tokens that the routers' losses count; null for all that are no padding.</param>
internal sealed record TokenBatch(long[][] Ids, long[][] Targets, long[][]? Segments = null, bool[][]? Counted = null)
{
    private int Rows => Ids.Length;

    private int Time => Ids[0].Length;

    public bool Counts(int row, int place) => Counted is null ? Segments is null || Segments[row][place] != 0 : Counted[row][place];

    public Tensor IdTensor() => tensor(Ids.SelectMany(row => row).ToArray(), [Rows, Time]);

    public Tensor TargetTensor() => tensor(Targets.SelectMany(row => row).ToArray(), [Rows, Time]);

    /// <summary>The same batch as the fast model takes it.</summary>
    public ForwardPass Pass(Transformer model, Tensor ids) => model.Pass(ids) with
    {
        Mask = Segments is null ? null : SequenceMask.Packed([.. Segments.SelectMany(row => row)], Rows, Time, CPU),
        Counted = Counted is null ? null : tensor(Counted.SelectMany(row => row).Select(counts => counts ? 1f : 0f).ToArray()),
    };
}
