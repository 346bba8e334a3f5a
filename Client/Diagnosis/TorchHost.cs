namespace Bam.Client.Diagnosis;

/// <summary>What libtorch is on this host.</summary>
/// <param name="Library">The library, described.</param>
/// <param name="HasGpu">Whether it sees a GPU.</param>
/// <param name="KernelProblem">Why bfloat16 trains by autograd there, in a line; null when it need not.</param>
internal sealed record TorchHost(string Library, bool HasGpu = false, string? KernelProblem = null);
