using System.Numerics;
using System.Runtime.InteropServices;

namespace Bam.Training.Checkpoints;

/// <summary>Looks for NaN and infinity, at the speed of memory.</summary>
internal static class FiniteCheck
{
    private const int Exponent = 0x7F800000;                                   // all ones in NaN and infinity, and only there

    public static bool AreFinite(ReadOnlySpan<float> values)
    {
        var bits = MemoryMarshal.Cast<float, int>(values);
        var mask = new Vector<int>(Exponent);
        var found = Vector<int>.Zero;
        var i = 0;
        for (; i <= bits.Length - Vector<int>.Count; i += Vector<int>.Count)
            found |= Vector.Equals(new Vector<int>(bits[i..]) & mask, mask);
        var last = false;
        for (; i < bits.Length; i++)
            last |= (bits[i] & Exponent) == Exponent;
        return !last && found == Vector<int>.Zero;
    }
}
