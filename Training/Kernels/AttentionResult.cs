using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>What attention gave, and what its backward wants to see again.</summary>
/// <param name="Q">[B, Hq, T, K].</param>
/// <param name="K">[B, Hkv, T, K].</param>
/// <param name="V">[B, Hkv, T, K].</param>
/// <param name="Output">[B, Hq, T, K], in memory [B, T, Hq, K].</param>
/// <param name="Saved">Further results.</param>
internal sealed record AttentionResult(Tensor Q, Tensor K, Tensor V, Tensor Output, Tensor[] Saved)
{
    /// <summary>The output's heads side by side, [B·T, Hq·K].</summary>
    public Matrix Heads { get; } = Flat(Output);

    /// <summary>[B, H, T, K], in memory [B, T, H, K], as [B·T, H·K].</summary>
    public static Matrix Flat(Tensor heads)
    {
        var shape = heads.shape;
        return Matrix.Of(heads.transpose(1, 2).view(shape[0] * shape[2], shape[1] * shape[3]));
    }

    /// <summary>Takes the results out of the caller's scope, to be freed by <see cref="Dispose"/>.</summary>
    public AttentionResult Detach()
    {
        foreach (var tensor in Saved.Append(Output).Append(Heads.Tensor))
            tensor.DetachFromDisposeScope();
        return this;
    }

    /// <summary>Frees the results, which a step keeps from forward to backward.</summary>
    public void Dispose()
    {
        Heads.Tensor.Dispose();
        Output.Dispose();
        foreach (var tensor in Saved)
            tensor.Dispose();
    }
}
