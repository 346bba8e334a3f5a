using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Bam.Training.Kernels;

/// <summary>Rotary positions of float32 heads, with cosines and sines in the order in which a head lies.</summary>
internal sealed unsafe class CpuRotary
{
    private const int Wide = CpuMath.Wide;

    private readonly RotaryAngles _angles;
    private readonly int _width, _each;
    private readonly float[] _cos, _sin;                                       // [T, K/2]; interleaved [T, K], where the first sine of a pair is negative

    public CpuRotary(RotaryAngles angles, int width)
    {
        _angles = angles;
        _width = width;
        var half = width / 2;
        _each = angles.Interleaved ? width : half;
        _cos = new float[angles.Time * _each];
        _sin = new float[_cos.Length];
        var table = (float*)Matrix.AddressOf(angles.Table);
        for (var pair = 0; pair < angles.Time * half; pair++)
        {
            var (cos, sin) = (table[2 * pair], table[2 * pair + 1]);
            if (angles.Interleaved)
            {
                (_cos[2 * pair], _cos[2 * pair + 1]) = (cos, cos);
                (_sin[2 * pair], _sin[2 * pair + 1]) = (-sin, sin);
            }
            else
            {
                (_cos[pair], _sin[pair]) = (cos, sin);
            }
        }
    }

    public bool Is(RotaryAngles angles, int width) => ReferenceEquals(_angles, angles) && _width == width;

    /// <summary>Turns a head of some positions, or back; from and into may be the same.</summary>
    /// <param name="from">The first of them.</param>
    /// <param name="fromStride">Numbers to the next.</param>
    /// <param name="into">Where the first comes.</param>
    /// <param name="stride">Numbers from there to the next.</param>
    /// <param name="position">Of the first; those of a context begin anew after it.</param>
    /// <param name="count">How many.</param>
    /// <param name="factor">What the result is multiplied by.</param>
    /// <param name="back">Whether the other way.</param>
    public void Turn(float* from, int fromStride, float* into, int stride, int position, int count, float factor, bool back)
    {
        var first = position % _angles.Time * _each;
        fixed (float* cos = &_cos[first], sin = &_sin[first])
        {
            if (_angles.Interleaved)
                TurnNeighbours(from, fromStride, into, stride, cos, sin, factor, back ? -factor : factor, _width, count);
            else
                TurnHalves(from, fromStride, into, stride, cos, sin, factor, back ? -factor : factor, _each, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TurnNeighbours(float* from, int fromStride, float* into, int stride, float* cos, float* sin, float along, float across, int width, int count)
    {
        var (alongs, acrosses) = (Vector512.Create(along), Vector512.Create(across));
        for (; count > 0; count--, from += fromStride, into += stride, cos += width, sin += width)
        {
            CpuRow.PrefetchRow(from, fromStride, width);
            var i = 0;
            for (; i <= width - Wide; i += Wide)
            {
                var x = Vector512.Load(from + i);
                var swapped = Vector512.Shuffle(x, Vector512.Create(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
                (x * (Vector512.Load(cos + i) * alongs) + swapped * (Vector512.Load(sin + i) * acrosses)).Store(into + i);
            }

            for (; i < width; i += 2)
            {
                var (a, b, c) = (from[i], from[i + 1], cos[i] * along);
                (into[i], into[i + 1]) = (a * c + b * (sin[i] * across), b * c + a * (sin[i + 1] * across));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TurnHalves(float* from, int fromStride, float* into, int stride, float* cos, float* sin, float along, float across, int half, int count)
    {
        var (alongs, acrosses) = (Vector512.Create(along), Vector512.Create(across));
        for (; count > 0; count--, from += fromStride, into += stride, cos += half, sin += half)
        {
            CpuRow.PrefetchRow(from, fromStride, 2 * half);
            var i = 0;
            for (; i <= half - Wide; i += Wide)
            {
                var (a, b) = (Vector512.Load(from + i), Vector512.Load(from + half + i));
                var (c, s) = (Vector512.Load(cos + i) * alongs, Vector512.Load(sin + i) * acrosses);
                (a * c - b * s).Store(into + i);
                (b * c + a * s).Store(into + half + i);
            }

            for (; i < half; i++)
            {
                var (a, b, c, s) = (from[i], from[half + i], cos[i] * along, sin[i] * across);
                (into[i], into[half + i]) = (a * c - b * s, b * c + a * s);
            }
        }
    }
}
