using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Bam.Training.Kernels;

/// <summary>Functions of sixteen float32 numbers; the same bits on every processor.</summary>
internal static class CpuMath
{
    /// <summary>Numbers of a vector.</summary>
    public const int Wide = 16;

    // e^x = 2^n e^r, |r| <= ln 2 / 2, with ln 2 in two parts and e^r by the polynomial of Cephes (expf.c): within 2 units in the last place.
    private const float Least = -87.33f, Most = 88.37f, PerLog2 = 1.44269504f, High = 0.693359375f, Low = -2.12194440e-4f;

    /// <summary>e^x; NaN for NaN. Below -87.33 it stays at 1.2e-38, above 88.37 at 2.4e38.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        // The second operand is what a comparison with NaN gives.
        x = Vector512.MinNative(Vector512.Create(Most), Vector512.MaxNative(Vector512.Create(Least), x));
        var n = Vector512.Round(x * PerLog2);
        var r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-High), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Low), r);
        var p = Vector512.Create(1.9875691500e-4f);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.3981999507e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(8.3334519073e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(4.1665795894e-2f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.6666665459e-1f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(5.0000001201e-1f));
        p = Vector512.FusedMultiplyAdd(p, r * r, r + Vector512<float>.One);
        var power = (Vector512.ConvertToInt32Native(n) + Vector512.Create(127)) << 23;
        return p * power.AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> x) => Vector512<float>.One / (Vector512<float>.One + Exp(-x));
}
