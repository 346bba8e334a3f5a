using static TorchSharp.torch;

namespace Bam.Training.Model;

/// <summary>The FFN half of a block: normalised input [B, T, D] to [B, T, D], with the router's losses where there is one.</summary>
internal interface IFeedForward
{
    Tensor Forward(Tensor x, ForwardPass pass);
}
