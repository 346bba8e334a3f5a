using Bam.Training.Kernels;
using static TorchSharp.torch;

namespace Bam.Training.Fused;

/// <summary>What a block keeps from its forward to its backward pass; blocks that are computed twice share one.</summary>
internal sealed class BlockMemory
{
    public BlockMemory(Arena arena, StepShape shape, RotaryAngles angles)
    {
        var config = shape.Config;
        int tokens = shape.Tokens, query = shape.QueryWidth;
        var columns = FlatLayout.Columns(config);
        Normed = arena.Matrix(tokens, config.Width);
        Statistics = arena.Numbers(tokens, 2);
        Input = arena.Matrix(tokens, columns.Count);
        if (config.RoutesAttention)
        {
            AttentionLogits = Input.Part(columns.AttentionRouter, config.Experts);
            Gates = arena.Numbers(tokens, config.Experts);
        }

        var isDense = config.Experts == 0;
        if (isDense || config.RoutesAttention)
            Out = arena.Matrix(tokens, shape.OutWidth);
        Attention = new AttentionMemory(arena, Input, columns, shape.Heads, shape.KeyWidth, angles, isDense ? Out.Part(0, query) : null);
        if (isDense)
        {
            Hidden = Out.Part(query, config.Ffn);
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

    public AttentionMemory Attention { get; }

    public Matrix AttentionLogits { get; }

    /// <summary>What the last product reads: heads times their experts' gates, or heads and a dense FFN's hidden numbers; neither of BTX.</summary>
    public Matrix Out { get; }

    public Tensor? Gates { get; }

    public Matrix Gate { get; }

    public Matrix Up { get; }

    /// <summary>[N, F], columns of <see cref="Out"/>; of a mixture [N·k, F], sorted by expert and times the expert's weight.</summary>
    public Matrix Hidden { get; }

    public Matrix FfnLogits { get; }

    public Routes? Routes { get; }

    /// <summary>Normalised inputs by expert, [N·k, D].</summary>
    public Matrix Sorted { get; }
}
