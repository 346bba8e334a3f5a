using TorchSharp;

namespace Bam.Training.Model;

/// <summary>Weights of the auxiliary losses, as Scalars that live as long as their owner.</summary>
internal sealed class LossWeights(double balance, double z)
{
    public Scalar Balance { get; } = balance.ToScalar();

    public Scalar Z { get; } = z.ToScalar();
}
