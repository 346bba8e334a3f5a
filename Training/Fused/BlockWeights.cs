using Bam.Training.Kernels;
using static TorchSharp.torch;

namespace Bam.Training.Fused;

/// <summary>The working copies of one block as its products read them.</summary>
internal sealed class BlockWeights
{
    public BlockWeights(FlatWeights weights, StepShape shape, int layer)
    {
        var block = $"blocks.{layer}";
        Norm = weights[$"{block}.norm.weight"];
        In = weights[$"{block}.in"];
        Out = weights[$"{block}.out"];
        if (shape.Config.Experts == 0)
            return;
        int experts = shape.Config.Experts, width = shape.Config.Width, ffn = shape.Config.Ffn;
        using var scope = NewDisposeScope();
        GateUpExperts = weights[$"{block}.gateup"].Tensor.view(experts, 2 * ffn, width).DetachFromDisposeScope();
        DownExperts = weights[$"{block}.down"].Tensor.view(experts, width, ffn).DetachFromDisposeScope();
        GateUpTransposed = GateUpExperts.transpose(1, 2).DetachFromDisposeScope();
        DownTransposed = DownExperts.transpose(1, 2).DetachFromDisposeScope();
    }

    public Matrix Norm { get; }

    /// <summary>q, k, v, gate and up of a dense FFN, routers: [C, D].</summary>
    public Matrix In { get; }

    /// <summary>o, and down of a dense FFN beside it: [D, E_a·H·K (+ F)].</summary>
    public Matrix Out { get; }

    /// <summary>[E, 2F, D] of a mixture, and [E, D, 2F].</summary>
    public Tensor? GateUpExperts { get; }

    public Tensor? GateUpTransposed { get; }

    /// <summary>[E, D, F] of a mixture, and [E, F, D].</summary>
    public Tensor? DownExperts { get; }

    public Tensor? DownTransposed { get; }
}
