using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>Rows that come back to their tokens: token t gets the sum of rows <c>places[t k + j]</c> of <paramref name="Parts"/>.</summary>
/// <param name="Parts">Rows in another order than the tokens', [N·k, D].</param>
/// <param name="Places">int32 [N·k].</param>
/// <param name="PerToken">k.</param>
internal readonly record struct RowSum(Matrix Parts, Tensor Places, int PerToken);
