using Bam.Training.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Kernels;

/// <summary>The same numbers twice.</summary>
/// <param name="Fast">In the type and on the device that is tested.</param>
/// <param name="Exact">float64 on the CPU.</param>
/// <param name="OneRounding">How far a number may be off, as a part of it, after one rounding to that type.</param>
internal sealed record Twins(Tensor Fast, Tensor Exact, double OneRounding)
{
    private static readonly Scalar Minus = (-1f).ToScalar();

    public Matrix FastRows => Matrix.Of(Fast);

    public Matrix ExactRows => Matrix.Of(Exact);

    public Twins Part(int first, int columns) => this with { Fast = Fast.narrow(1, first, columns), Exact = Exact.narrow(1, first, columns) };

    /// <summary>Whether what both made of it agrees: the norm of the difference as a part of the norm.</summary>
    public void Agree(string what, double? tolerance = null) => Agree(what, Exact, Fast, tolerance ?? OneRounding);

    public void Agree(string what, Tensor exact) => Agree(what, exact, Fast, OneRounding);

    public static void Agree(string what, Tensor exact, Tensor fast, double tolerance)
    {
        var found = fast.cpu().to(float64);
        var norm = Math.Max(exact.norm().item<double>(), 1e-12);
        var difference = found.add(exact, Minus).norm().item<double>() / norm;
        Assert.True(difference <= tolerance, $"{what}: differs by {difference:g3} of its norm {norm:g3}");
    }
}
