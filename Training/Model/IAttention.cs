using static TorchSharp.torch;

namespace Bam.Training.Model;

/// <summary>The attention half of a block: normalised input [B, T, D] to [B, T, D].</summary>
internal interface IAttention
{
    Tensor Forward(Tensor x, ForwardPass pass);
}
