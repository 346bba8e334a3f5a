using Bam.Training.Kernels;
using static TorchSharp.torch;

namespace Bam.Training.Fused;

/// <summary>What a block keeps from its forward to its backward pass; blocks that are computed twice share one.</summary>
internal sealed class BlockMemory
{
    public BlockMemory(Arena arena, StepShape shape)
    {
        var config = shape.Config;
        int tokens = shape.Tokens, query = shape.QueryWidth, key = shape.KeyWidth;
        var columns = FlatLayout.Columns(config);
        Normed = arena.Matrix(tokens, config.Width);
        Statistics = arena.Numbers(tokens, 2);
        Input = arena.Matrix(tokens, columns.Count);
        Q = Input.Part(columns.Q, query);
        K = Input.Part(columns.K, key);
        QK = Input.Part(columns.Q, query + key);
        V = Input.Part(columns.V, key);
        Queries = shape.Heads.Regrouped ? arena.Matrix(tokens, query) : Q;
        (QueryHeads, KeyHeads, ValueHeads) = (Heads(Queries, shape), Heads(K, shape), Heads(V, shape));
        if (config.RoutesAttention)
        {
            AttentionLogits = Input.Part(columns.AttentionRouter, config.Experts);
            Out = arena.Matrix(tokens, query);
            Gates = arena.Numbers(tokens, config.Experts);
        }

        if (config.Experts == 0)
        {
            Out = arena.Matrix(tokens, shape.OutWidth);
            (OutHeads, Hidden) = (Out.Part(0, query), Out.Part(query, config.Ffn));
            Gate = Input.Part(columns.Gate, config.Ffn);
            Up = Input.Part(columns.Up, config.Ffn);
            return;
        }

        FfnLogits = Input.Part(columns.FfnRouter, config.Experts);
        Routes = new Routes(arena, shape.FfnRouter, tokens);
        Sorted = arena.Matrix(shape.FfnRows, config.Width);
        Hidden = arena.Matrix(shape.FfnRows, config.Ffn);
    }

    /// <summary>Normalised input, [N, D].</summary>
    public Matrix Normed { get; }

    /// <summary>Mean and scale of each token, [N, 2].</summary>
    public Tensor Statistics { get; }

    /// <summary>The first product, [N, C]; after the backward pass its gradient.</summary>
    public Matrix Input { get; }

    public Matrix Q { get; }

    public Matrix K { get; }

    public Matrix QK { get; }

    public Matrix V { get; }

    /// <summary>Turned queries in the order that attention wants, [N, E_a·H·K].</summary>
    public Matrix Queries { get; }

    /// <summary>The same as [B, H, T, K].</summary>
    public Tensor QueryHeads { get; }

    public Tensor KeyHeads { get; }

    public Tensor ValueHeads { get; }

    public Matrix AttentionLogits { get; }

    /// <summary>What the last product reads: heads times their experts' gates, or heads and a dense FFN's hidden numbers; neither of BTX.</summary>
    public Matrix Out { get; }

    /// <summary>The heads' columns of a dense block's.</summary>
    public Matrix OutHeads { get; }

    public Tensor? Gates { get; }

    public Matrix Gate { get; }

    public Matrix Up { get; }

    /// <summary>[N, F], columns of <see cref="Out"/>; of a mixture [N·k, F], sorted by expert and times the expert's weight.</summary>
    public Matrix Hidden { get; }

    public Matrix FfnLogits { get; }

    public Routes? Routes { get; }

    /// <summary>Normalised inputs by expert, [N·k, D].</summary>
    public Matrix Sorted { get; }

    /// <summary>[B·T, H·K] as [B, H, T, K].</summary>
    public static Tensor Heads(Matrix matrix, StepShape shape)
    {
        int width = shape.Config.HeadWidth;
        using var scope = NewDisposeScope();
        return matrix.Tensor.view(shape.Batch, shape.Time, matrix.Columns / width, width).transpose(1, 2).DetachFromDisposeScope();
    }
}
