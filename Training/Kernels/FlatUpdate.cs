using Bam.Contracts.Runs;
using Bam.Training.Model;
using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>What an AdamW update of flat weights reads and writes.</summary>
/// <param name="Weights">Masters and copies.</param>
/// <param name="First">Running means of the gradients, flat; float32 or bfloat16.</param>
/// <param name="Second">Running means of their squares.</param>
/// <param name="Steps">Updates done, a scalar.</param>
/// <param name="Skipped">Updates left out, a scalar; when there is one, all after it are left out, too.</param>
/// <param name="Rate">Learning rate of this update, a scalar.</param>
/// <param name="Control">Numbers of this update: norm, divisor, whether it is bad, bias corrections; [8].</param>
/// <param name="Late">Parts that were frozen in the first <paramref name="LateAfter"/> steps.</param>
internal sealed record FlatUpdate(
    FlatWeights Weights, Tensor First, Tensor Second, Tensor Steps, Tensor Skipped, Tensor Rate, Tensor Control, FrozenParts Late, long LateAfter,
    TrainSpec Spec, double Epsilon) : IDisposable
{
    private const int ChunkCount = 1 << 14;

    /// <summary>Pieces of at most 16,384 numbers, four int64 numbers each: the kernel's Chunk.</summary>
    public Tensor Chunks { get; } = Cut(Weights, Late);

    public long LateSteps => Late == FrozenParts.None ? 0 : LateAfter;

    public bool IsLate(TensorSpec spec) => Late != FrozenParts.None && spec.IsFrozen(Late);

    public static bool IsDecayed(TensorSpec spec) => spec.Group != TensorGroup.Norm;

    public void Dispose()
    {
        foreach (var tensor in new[] { First, Second, Rate, Control, Chunks })
            tensor.Dispose();
    }

    private static Tensor Cut(FlatWeights weights, FrozenParts late)
    {
        var rows = new List<long>();
        foreach (var segment in weights.Layout.Segments)
        {
            var start = weights.Layout.Pieces[segment.Piece].Offset;
            var isLate = late != FrozenParts.None && segment.Spec.IsFrozen(late);
            for (long at = 0; at < segment.Count; at += ChunkCount)
            {
                rows.AddRange([
                    segment.Offset + at, segment.Offset + at - start,
                    Math.Min(ChunkCount, segment.Count - at) | ((long)segment.Piece << 32),
                    (IsDecayed(segment.Spec) ? 1L : 0) | (isLate ? 1L << 32 : 0),
                ]);
            }
        }

        using var scope = NewDisposeScope();
        return tensor(rows.ToArray(), [rows.Count / 4, 4]).to(weights.Masters.device).DetachFromDisposeScope();
    }
}
