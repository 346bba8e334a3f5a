namespace Bam.Training.Mixing;

/// <summary>A mixture whose gates all choose one expert, held against the dense model that the expert came from.</summary>
/// <param name="Expert">Name of the dense model.</param>
/// <param name="Index">Its place among the experts.</param>
/// <param name="Nll">Mean negative log-likelihood of a token, of the mixture.</param>
/// <param name="DenseNll">The same, of the dense model.</param>
/// <param name="MaxLogitDifference">Largest difference of a logit.</param>
public sealed record ForcedExpert(string Expert, int Index, double Nll, double DenseNll, double MaxLogitDifference);
