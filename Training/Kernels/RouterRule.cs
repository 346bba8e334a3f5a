namespace Bam.Training.Kernels;

/// <summary>Softmax over <paramref name="Experts"/>, of which the <paramref name="Chosen"/> largest gates count, scaled to sum to 1 or not.</summary>
internal sealed record RouterRule(int Experts, int Chosen, bool Renormalise);
