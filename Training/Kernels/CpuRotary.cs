using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Bam.Training.Kernels;

/// <summary>Rotary positions of float32 heads, with cosines and sines in the order in which a head lies.</summary>
internal sealed unsafe class CpuRotary
{
    private const int Wide = 8;

    private static readonly Vector256<int> Swapped = Vector256.Create(1, 0, 3, 2, 5, 4, 7, 6);

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

    /// <summary>Turns one head, or back; from and into may be the same.</summary>
    public void Turn(float* from, float* into, int row, bool back)
    {
        var first = row % _angles.Time * _each;
        fixed (float* cos = &_cos[first], sin = &_sin[first])
        {
            if (_angles.Interleaved)
                TurnNeighbours(from, into, cos, sin, back ? -1 : 1);
            else
                TurnHalves(from, into, cos, sin, back ? -1 : 1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void TurnNeighbours(float* from, float* into, float* cos, float* sin, float sign)
    {
        var signs = Vector256.Create(sign);
        var i = 0;
        for (; i <= _width - Wide; i += Wide)
        {
            var x = Vector256.Load(from + i);
            (x * Vector256.Load(cos + i) + Vector256.Shuffle(x, Swapped) * (Vector256.Load(sin + i) * signs)).Store(into + i);
        }

        for (; i < _width; i += 2)
            (into[i], into[i + 1]) = (from[i] * cos[i] + from[i + 1] * (sin[i] * sign), from[i + 1] * cos[i] + from[i] * (sin[i + 1] * sign));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void TurnHalves(float* from, float* into, float* cos, float* sin, float sign)
    {
        var half = _width / 2;
        var signs = Vector256.Create(sign);
        var i = 0;
        for (; i <= half - Wide; i += Wide)
        {
            var (a, b) = (Vector256.Load(from + i), Vector256.Load(from + half + i));
            var (c, s) = (Vector256.Load(cos + i), Vector256.Load(sin + i) * signs);
            (a * c - b * s).Store(into + i);
            (b * c + a * s).Store(into + half + i);
        }

        for (; i < half; i++)
        {
            var (a, b, s) = (from[i], from[half + i], sin[i] * sign);
            (into[i], into[half + i]) = (a * cos[i] - b * s, b * cos[i] + a * s);
        }
    }
}
