using static TorchSharp.torch;

namespace Bam.Training.Model;

/// <summary>SwiGLU: <c>down(silu(gate x) · up x)</c>.</summary>
internal sealed class FeedForward(ParameterSet parameters, int layer) : IFeedForward
{
    private readonly Tensor _gate = parameters[$"blocks.{layer}.ffn.gate.weight"];      // [F, D]
    private readonly Tensor _up = parameters[$"blocks.{layer}.ffn.up.weight"];          // [F, D]
    private readonly Tensor _down = parameters[$"blocks.{layer}.ffn.down.weight"];      // [D, F]

    public Tensor Forward(Tensor x, ForwardPass pass) =>
        Ops.Linear(nn.functional.silu(Ops.Linear(x, _gate)).mul(Ops.Linear(x, _up)), _down);
}
