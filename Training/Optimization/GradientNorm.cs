using static TorchSharp.torch;

namespace Bam.Training.Optimization;

/// <summary>
/// Norm of the whole gradient and the divisor that clips it, without asking the device for a number. A loss or gradient that is not finite
/// raises a flag on which the optimizer leaves the weights alone; it stays up until the updates left out are set back to none.
/// </summary>
internal static class GradientNorm
{
    // Never differentiated (the executor would change the bits between two calls), and fixed: a script that does not compile ends the process.
    private const string Source = """
        def measure(grads: List[Tensor], limit: Tensor, loss: Tensor, skipped: Tensor):
            norm = torch.linalg_vector_norm(torch.stack(torch._foreach_norm(grads, 2.0)), 2.0)
            divisor = torch.clamp((norm + 1e-6) / limit, min=1.0)
            good = torch.logical_and(torch.isfinite(norm), torch.isfinite(loss))
            bad = torch.logical_or(torch.logical_not(good), skipped > 0).float()
            return norm, divisor, bad

        """;

    private static readonly Lazy<jit.CompilationUnit> Script = new(() => jit.compile(Source));

    /// <param name="grads">float32 gradients, none null.</param>
    /// <param name="limit">Largest norm, a float32 scalar tensor on the device.</param>
    /// <param name="loss">Loss that they are of, a scalar tensor.</param>
    /// <param name="skipped">Updates left out before, a float32 scalar tensor.</param>
    /// <returns>Norm; divisor ≥ 1 of every gradient; 1 where an update is to be left out, else 0.</returns>
    public static (Tensor Norm, Tensor Divisor, Tensor Bad) Measure(Tensor[] grads, Tensor limit, Tensor loss, Tensor skipped) =>
        ((Tensor, Tensor, Tensor))Script.Value.invoke("measure", grads, limit, loss, skipped);
}
