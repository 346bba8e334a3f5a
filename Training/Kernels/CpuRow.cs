using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Bam.Training.Kernels;

/// <summary>
/// Arithmetic on rows of float32 numbers. Always sixteen at a time, whatever the processor has, so that a sum has the same bits on all of them; and
/// compiled at once for speed, or the first steps would wait for the runtime to find out that this is worth it.
/// </summary>
internal static unsafe class CpuRow
{
    private const int Wide = CpuMath.Wide;
    private const int Ahead = 8;                                               // rows

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Sum(float* x, int count)
    {
        var sums = Vector512<float>.Zero;
        var i = 0;
        for (; i <= count - Wide; i += Wide)
            sums += Vector512.Load(x + i);
        var sum = Vector512.Sum(sums);
        for (; i < count; i++)
            sum += x[i];
        return sum;
    }

    /// <summary>Σ (x - mean)².</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float SquaredDistance(float* x, float mean, int count)
    {
        var (sums, means) = (Vector512<float>.Zero, Vector512.Create(mean));
        var i = 0;
        for (; i <= count - Wide; i += Wide)
        {
            var d = Vector512.Load(x + i) - means;
            sums += d * d;
        }

        var sum = Vector512.Sum(sums);
        for (; i < count; i++)
            sum += (x[i] - mean) * (x[i] - mean);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Dot(float* x, float* y, int count)
    {
        var sums = Vector512<float>.Zero;
        var i = 0;
        for (; i <= count - Wide; i += Wide)
            sums += Vector512.Load(x + i) * Vector512.Load(y + i);
        var sum = Vector512.Sum(sums);
        for (; i < count; i++)
            sum += x[i] * y[i];
        return sum;
    }

    /// <summary><c>into += x</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* x, float* into, int count)
    {
        var i = 0;
        for (; i <= count - Wide; i += Wide)
            (Vector512.Load(into + i) + Vector512.Load(x + i)).Store(into + i);
        for (; i < count; i++)
            into[i] += x[i];
    }

    /// <summary><c>into = x · factor</c>.</summary>
    public static void Scale(float* x, float factor, float* into, int count) => ScaleRows(x, 0, &factor, into, 0, count, 1);

    /// <summary>Copies rows that lie strides apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(float* from, int fromStride, float* into, int stride, int columns, int rows)
    {
        for (; rows > 0; rows--, from += fromStride, into += stride)
        {
            PrefetchRow(from, fromStride, columns);
            var i = 0;
            for (; i <= columns - Wide; i += Wide)
                Vector512.Load(from + i).Store(into + i);
            for (; i < columns; i++)
                into[i] = from[i];
        }
    }

    /// <summary>Each row times a number of its own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ScaleRows(float* from, int fromStride, float* factors, float* into, int stride, int columns, int rows)
    {
        for (; rows > 0; rows--, from += fromStride, into += stride, factors++)
        {
            var factor = Vector512.Create(*factors);
            var i = 0;
            for (; i <= columns - Wide; i += Wide)
                (Vector512.Load(from + i) * factor).Store(into + i);
            for (; i < columns; i++)
                into[i] = from[i] * *factors;
        }
    }

    /// <summary>Rows become columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(float* from, int fromStride, float* into, int stride, int rows, int columns)
    {
        const int few = 4;
        var row = 0;
        for (; row <= rows - few; row += few)
        {
            float* a = from + row * fromStride, b = a + fromStride, c = b + fromStride, d = c + fromStride;
            var column = 0;
            for (; Sse.IsSupported && column <= columns - few; column += few)
            {
                var (ra, rb, rc, rd) = (Vector128.Load(a + column), Vector128.Load(b + column), Vector128.Load(c + column), Vector128.Load(d + column));
                var (ab, cd, lastAb, lastCd) = (Sse.UnpackLow(ra, rb), Sse.UnpackLow(rc, rd), Sse.UnpackHigh(ra, rb), Sse.UnpackHigh(rc, rd));
                var to = into + column * stride + row;
                Sse.MoveLowToHigh(ab, cd).Store(to);
                Sse.MoveHighToLow(cd, ab).Store(to + stride);
                Sse.MoveLowToHigh(lastAb, lastCd).Store(to + 2 * stride);
                Sse.MoveHighToLow(lastCd, lastAb).Store(to + 3 * stride);
            }

            for (; column < columns; column++)
                Vector128.Create(a[column], b[column], c[column], d[column]).Store(into + column * stride + row);
        }

        for (; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
                into[column * stride + row] = from[row * fromStride + column];
        }
    }

    /// <summary><c>into = (x - mean) · scale · weight</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Norm(float* x, float mean, float scale, float* weight, float* into, int count)
    {
        var (means, scales) = (Vector512.Create(mean), Vector512.Create(scale));
        var i = 0;
        for (; i <= count - Wide; i += Wide)
            ((Vector512.Load(x + i) - means) * scales * Vector512.Load(weight + i)).Store(into + i);
        for (; i < count; i++)
            into[i] = (x[i] - mean) * scale * weight[i];
    }

    /// <summary>Adds <c>dy · (x - mean) · scale</c> to the weight's gradient; Σ dy w, and Σ dy w (x - mean) scale.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static (float Sum, float Along) NormSums(float* dy, float* x, float mean, float scale, float* weight, float* weightGradient, int count)
    {
        var (sums, along) = (Vector512<float>.Zero, Vector512<float>.Zero);
        var (means, scales) = (Vector512.Create(mean), Vector512.Create(scale));
        var i = 0;
        for (; i <= count - Wide; i += Wide)
        {
            var d = Vector512.Load(dy + i);
            var normed = (Vector512.Load(x + i) - means) * scales;
            (Vector512.Load(weightGradient + i) + d * normed).Store(weightGradient + i);
            var weighted = d * Vector512.Load(weight + i);
            sums += weighted;
            along += weighted * normed;
        }

        var (sum, inner) = (Vector512.Sum(sums), Vector512.Sum(along));
        for (; i < count; i++)
        {
            var normed = (x[i] - mean) * scale;
            weightGradient[i] += dy[i] * normed;
            sum += dy[i] * weight[i];
            inner += dy[i] * weight[i] * normed;
        }

        return (sum, inner);
    }

    /// <summary><c>into = (residual ? into : 0) + (dy w - shift - (x - mean) scale · along) · scale</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void NormGradient(
        float* dy, float* x, float mean, float scale, float* weight, float shift, float along, bool residual, float* into, int count)
    {
        var (means, scales, shifts, alongs) = (Vector512.Create(mean), Vector512.Create(scale), Vector512.Create(shift), Vector512.Create(along));
        var i = 0;
        for (; i <= count - Wide; i += Wide)
        {
            var normed = (Vector512.Load(x + i) - means) * scales;
            var dx = (Vector512.Load(dy + i) * Vector512.Load(weight + i) - shifts - normed * alongs) * scales;
            (residual ? Vector512.Load(into + i) + dx : dx).Store(into + i);
        }

        for (; i < count; i++)
        {
            var dx = (dy[i] * weight[i] - shift - (x[i] - mean) * scale * along) * scale;
            into[i] = residual ? into[i] + dx : dx;
        }
    }

    /// <summary><c>into = silu(gate) · up · scale</c>; the next rows of gate and up lie a stride away.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void SwiGlu(float* gate, float* up, int stride, float scale, float* into, int count)
    {
        var scales = Vector512.Create(scale);
        var i = 0;
        for (; i <= count - Wide; i += Wide)
        {
            Prefetch(gate + i + stride);
            Prefetch(up + i + stride);
            var g = Vector512.Load(gate + i);
            (g * CpuMath.Sigmoid(g) * Vector512.Load(up + i) * scales).Store(into + i);
        }

        for (; i < count; i++)
            into[i] = gate[i] * Sigmoid(gate[i]) * up[i] * scale;
    }

    /// <summary>Gate and up become their gradients.</summary>
    /// <returns>Gradient of the scale.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float SwiGluBackward(float* gate, float* up, int stride, float* gradient, int gradientStride, float scale, int count)
    {
        var (sums, scales) = (Vector512<float>.Zero, Vector512.Create(scale));
        var i = 0;
        for (; i <= count - Wide; i += Wide)
        {
            Prefetch(gate + i + stride);
            Prefetch(up + i + stride);
            Prefetch(gradient + i + gradientStride);
            var (g, u, d) = (Vector512.Load(gate + i), Vector512.Load(up + i), Vector512.Load(gradient + i));
            var sigmoid = CpuMath.Sigmoid(g);
            var silu = g * sigmoid;
            sums += d * silu * u;
            d *= scales;
            (d * u * sigmoid * (Vector512<float>.One + g - silu)).Store(gate + i);
            (d * silu).Store(up + i);
        }

        var sum = Vector512.Sum(sums);
        for (; i < count; i++)
        {
            var (g, u, d) = (gate[i], up[i], gradient[i]);
            var sigmoid = Sigmoid(g);
            var silu = g * sigmoid;
            sum += d * silu * u;
            d *= scale;
            gate[i] = d * u * sigmoid * (1 + g - silu);
            up[i] = d * silu;
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Max(float* x, int count)
    {
        var most = Vector512.Create(float.NegativeInfinity);
        var i = 0;
        for (; i <= count - Wide; i += Wide)
            most = Vector512.Max(most, Vector512.Load(x + i));
        var max = float.NegativeInfinity;
        for (var lane = 0; lane < Wide; lane++)
            max = MathF.Max(max, most[lane]);
        for (; i < count; i++)
            max = MathF.Max(max, x[i]);
        return max;
    }

    /// <summary><c>x = exp(x - shift)</c>.</summary>
    /// <returns>Their sum.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Exp(float* x, float shift, int count)
    {
        var (sums, shifts) = (Vector512<float>.Zero, Vector512.Create(shift));
        var i = 0;
        for (; i <= count - Wide; i += Wide)
        {
            var e = CpuMath.Exp(Vector512.Load(x + i) - shifts);
            e.Store(x + i);
            sums += e;
        }

        var sum = Vector512.Sum(sums);
        for (; i < count; i++)
            sum += x[i] = MathF.Exp(x[i] - shift);
        return sum;
    }

    private static float Sigmoid(float x) => 1 / (1 + MathF.Exp(-x));

    /// <summary>Asks for a part of a later row: the processor does not foresee rows that lie far apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PrefetchRow(float* row, int stride, int columns)
    {
        for (var i = 0; i < columns; i += Wide)
            Prefetch(row + (long)Ahead * stride + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(float* line)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(line);
    }
}
