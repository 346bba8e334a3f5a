namespace Bam.Training.Mixing;

/// <summary>
/// A mixture whose gates all give everything to one expert, against the dense model of that expert, on a window of each domain. With KV
/// experts and equal norms and embeddings the two are one function; what the averages changed is what differs.
/// </summary>
/// <param name="Expert">Name of the expert.</param>
/// <param name="Index">Its place, from 0.</param>
/// <param name="Nll">Mean negative log-likelihood of the mixture in nats a token.</param>
/// <param name="DenseNll">The same of the dense model.</param>
/// <param name="MaxLogitDifference">Largest difference of two logits.</param>
public sealed record ForcedExpert(string Expert, int Index, double Nll, double DenseNll, double MaxLogitDifference);
