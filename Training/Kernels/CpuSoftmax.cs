using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Bam.Training.Kernels;

/// <summary>Softmax of some numbers of a row, sixteen at a time, so rows have room for a multiple of sixteen; what is not seen becomes zero.</summary>
internal static unsafe class CpuSoftmax
{
    private const int Wide = CpuMath.Wide;

    /// <summary>Numbers that a row of so many takes: an odd number of cache lines, or the rows of a block would fall on a few of a cache's sets.</summary>
    public static int Room(int count) => ((count + Wide - 1) / Wide | 1) * Wide;

    /// <summary><c>x = exp(x - max)</c>; those behind become zero.</summary>
    /// <returns>The largest, and the sum.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static (float Max, float Sum) Exp(float* x, int count, int all)
    {
        var last = (count - 1) / Wide * Wide;
        var isPart = Lanes(count - last);
        var largest = Vector512.ConditionalSelect(isPart, Vector512.Load(x + last), Vector512.Create(float.NegativeInfinity));
        for (var i = 0; i < last; i += Wide)
            largest = Vector512.MaxNative(largest, Vector512.Load(x + i));
        var max = Max(largest);
        var (shift, sums) = (Vector512.Create(max), Vector512<float>.Zero);
        for (var i = 0; i < last; i += Wide)
        {
            var e = CpuMath.Exp(Vector512.Load(x + i) - shift);
            e.Store(x + i);
            sums += e;
        }

        var rest = Vector512.ConditionalSelect(isPart, CpuMath.Exp(Vector512.Load(x + last) - shift), Vector512<float>.Zero);
        rest.Store(x + last);
        for (var i = last + Wide; i < all; i += Wide)
            Vector512<float>.Zero.Store(x + i);
        return (max, Vector512.Sum(sums + rest));
    }

    /// <summary>
    /// Scores of one key become probabilities, <c>p = exp(x - logSum)</c>, and the gradients of these become those of the scores,
    /// <c>d = p · (d - along)</c>, where logsumexp and along are the queries'. The first numbers are of queries that do not see the key.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward(float* x, float* d, float* logSums, float* along, int hidden, int count)
    {
        var i = 0;
        for (; i <= hidden - Wide; i += Wide)
        {
            Vector512<float>.Zero.Store(x + i);
            Vector512<float>.Zero.Store(d + i);
        }

        var isHidden = Lanes(hidden - i);
        for (; i < count; i += Wide)
        {
            var p = Vector512.AndNot(CpuMath.Exp(Vector512.Load(x + i) - Vector512.Load(logSums + i)), isHidden);
            p.Store(x + i);
            Vector512.AndNot(p * (Vector512.Load(d + i) - Vector512.Load(along + i)), isHidden).Store(d + i);
            isHidden = Vector512<float>.Zero;
        }
    }

    private static Vector512<float> Lanes(int count) => Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(count)).AsSingle();

    private static float Max(Vector512<float> x)
    {
        var half = Vector256.MaxNative(x.GetLower(), x.GetUpper());
        var quarter = Vector128.MaxNative(half.GetLower(), half.GetUpper());
        return MathF.Max(MathF.Max(quarter[0], quarter[1]), MathF.Max(quarter[2], quarter[3]));
    }
}
