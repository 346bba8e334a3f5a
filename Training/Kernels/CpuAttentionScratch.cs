using System.Runtime.CompilerServices;

namespace Bam.Training.Kernels;

/// <summary>What one thread works on in attention: heads of one sequence, one after another, and blocks of their scores.</summary>
internal readonly unsafe struct CpuAttentionScratch
{
    private const int Line = CpuMath.Wide;                                     // numbers of a cache line

    [ThreadStatic]
    private static float[]? _numbers;

    private readonly float* _first;
    private readonly int _heads, _turned, _scores;

    private CpuAttentionScratch(float* first, int time, int width, int block)
    {
        _first = first;
        Stride = CpuSoftmax.Room(time);
        (_heads, _turned, _scores) = (Rounded(time * width), width * Stride, block * Stride);
    }

    /// <summary>Numbers from a row of positions to the next.</summary>
    public int Stride { get; }

    /// <summary>[T, K], as what follows.</summary>
    public float* Keys => _first;

    public float* Values => _first + _heads;

    public float* Queries => _first + 2 * _heads;

    public float* Gradients => _first + 3 * _heads;

    public float* KeyGradients => _first + 4 * _heads;

    public float* ValueGradients => _first + 5 * _heads;

    /// <summary>[K, T], as what follows.</summary>
    public float* KeysAcross => _first + 6 * _heads;

    public float* QueriesAcross => KeysAcross + _turned;

    public float* GradientsAcross => KeysAcross + 2 * _turned;

    public float* QueryGradientsAcross => KeysAcross + 3 * _turned;

    /// <summary>[Block, T].</summary>
    public float* Scores => KeysAcross + 4 * _turned;

    public float* Changes => Scores + _scores;

    /// <summary>[T].</summary>
    public float* LogSums => Changes + _scores;

    /// <summary>How far each output goes along its gradient, [T].</summary>
    public float* Along => LogSums + Stride;

    /// <summary>The calling thread's.</summary>
    public static CpuAttentionScratch Mine(int time, int width, int block)
    {
        var room = CpuSoftmax.Room(time);
        var needed = checked(6 * Rounded(time * width) + (4 * width + 2 * block + 2) * room + Line);
        if (_numbers is null || _numbers.Length < needed)
            _numbers = GC.AllocateUninitializedArray<float>(needed, pinned: true);
        var first = ((nint)Unsafe.AsPointer(ref _numbers[0]) + Line * sizeof(float) - 1) & -(Line * sizeof(float));
        return new((float*)first, time, width, block);
    }

    private static int Rounded(int count) => (count + Line - 1) / Line * Line;
}
