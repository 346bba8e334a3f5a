using Bam.Training.Kernels;
using static TorchSharp.torch;

namespace Bam.Training.Fused;

/// <summary>Gradients of activations on their way down; all blocks use the same.</summary>
internal sealed class BackwardMemory
{
    public BackwardMemory(Arena arena, StepShape shape)
    {
        var config = shape.Config;
        int tokens = shape.Tokens;
        Residual = arena.Matrix(tokens, config.Width);
        Normed = arena.Matrix(tokens, config.Width);
        Out = arena.Matrix(tokens, shape.OutWidth);
        Attention = config.RoutesAttention ? arena.Matrix(tokens, shape.QueryWidth) : Out.Part(0, shape.QueryWidth);
        if (config.Experts == 0)
        {
            Hidden = Out.Part(shape.QueryWidth, config.Ffn);
            return;
        }

        Rows = arena.Matrix(shape.FfnRows, config.Width);
        RowsTransposed = Rows.Tensor.t().DetachFromDisposeScope();
        RowWeights = arena.Numbers(shape.FfnRows);
    }

    /// <summary>Of the residual stream, [N, D].</summary>
    public Matrix Residual { get; }

    /// <summary>Of a normalised input, [N, D].</summary>
    public Matrix Normed { get; }

    /// <summary>Of what the last product reads, [N, E_a·H·K (+ F)].</summary>
    public Matrix Out { get; }

    /// <summary>Of attention's output in its own order; columns of the same where no gate stands between.</summary>
    public Matrix Attention { get; }

    /// <summary>Of a dense FFN's hidden numbers, [N, F].</summary>
    public Matrix Hidden { get; }

    /// <summary>Of what a mixture's FFN gives, by expert, [N·k, D], and its transpose.</summary>
    public Matrix Rows { get; }

    public Tensor? RowsTransposed { get; }

    /// <summary>Of the rows' weights, [N·k].</summary>
    public Tensor? RowWeights { get; }
}
