using static TorchSharp.torch;

namespace Bam.Training.Model;

/// <summary>Scalars of one step, on the device.</summary>
/// <param name="Total">What is differentiated.</param>
/// <param name="Nll">Mean negative log-likelihood in nats a token, without the auxiliary losses.</param>
/// <param name="Balance">Load-balancing loss summed over layers; null for a dense model.</param>
/// <param name="Z">Router z-loss summed over layers; null for a dense model.</param>
internal sealed record StepLoss(Tensor Total, Tensor Nll, Tensor? Balance, Tensor? Z);
