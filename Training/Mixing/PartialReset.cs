using System.Buffers;
using Bam.Contracts.Runs;
using Bam.Training.Model;
using Bam.Training.Randomness;

namespace Bam.Training.Mixing;

/// <summary>
/// Drop-Upcycling (arXiv 2502.19261, section 3): an expert forgets a random part r of its hidden units, the same in gate, up and down (rows,
/// rows, columns). Their weights are drawn anew, in each matrix from the normal distribution with the mean and the standard deviation that
/// the forgotten weights of this matrix had. The units depend on seed, mixture, layer and expert: two experts of one source forget others.
/// </summary>
internal sealed class PartialReset
{
    private readonly bool[] _forgotten;
    private readonly long _rowLength, _seed;
    private readonly bool _unitsAreColumns;
    private readonly string _stream;
    private double _sum, _squares;
    private long _count;

    /// <summary>For one expert's part of a tensor that this <see cref="Concerns"/>.</summary>
    public PartialReset(TensorSpec tensor, int expert, MixtureSpec spec, long seed)
    {
        _seed = seed;
        _stream = $"{spec.Name}/{tensor.Name}/{expert}";
        _rowLength = tensor.Shape[^1];
        _unitsAreColumns = IsDown(tensor);
        _forgotten = new bool[Width(tensor)];
        var layer = tensor.Name[..tensor.Name.LastIndexOf(".experts.", StringComparison.Ordinal)];
        var key = CounterHash.Combine((ulong)seed, CounterHash.Of($"{spec.Name}/{layer}/{expert}"));
        foreach (var unit in Enumerable.Range(0, _forgotten.Length).OrderBy(unit => CounterHash.Combine(key, (ulong)unit)).Take(Units(tensor, spec)))
            _forgotten[unit] = true;
    }

    /// <summary>Whether a tensor is one of those that forget.</summary>
    public static bool Concerns(TensorSpec tensor, MixtureSpec spec) => spec.FfnReinitialise > 0 && tensor is { Group: TensorGroup.Ffn, Experts: > 0 };

    /// <summary>Values that all experts of a tensor forget.</summary>
    public static long Count(TensorSpec tensor, MixtureSpec spec) =>
        Concerns(tensor, spec) ? tensor.Count / Width(tensor) * Units(tensor, spec) : 0;

    /// <summary>Takes note of the expert's values from number <paramref name="first"/> on. All of them come before the first <see cref="Apply"/>.</summary>
    public void Measure(long first, ReadOnlySpan<float> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (!IsForgotten(first + i))
                continue;
            _sum += values[i];
            _squares += (double)values[i] * values[i];
            _count++;
        }
    }

    /// <summary>Replaces what is forgotten of the values from number <paramref name="first"/> on.</summary>
    public void Apply(long first, Span<float> values)
    {
        var mean = _sum / _count;
        var std = Math.Sqrt(Math.Max(0, _squares / _count - mean * mean));
        var drawn = ArrayPool<float>.Shared.Rent(values.Length);
        GaussianSource.Fill(drawn.AsSpan(0, values.Length), _seed, _stream, std, first);
        for (var i = 0; i < values.Length; i++)
        {
            if (IsForgotten(first + i))
                values[i] = (float)(mean + drawn[i]);
        }

        ArrayPool<float>.Shared.Return(drawn);
    }

    private bool IsForgotten(long place) => _forgotten[_unitsAreColumns ? place % _rowLength : place / _rowLength];

    private static bool IsDown(TensorSpec tensor) => tensor.Name.EndsWith(".down", StringComparison.Ordinal);

    private static int Width(TensorSpec tensor) => (int)tensor.Shape[IsDown(tensor) ? 2 : 1];

    private static int Units(TensorSpec tensor, MixtureSpec spec) => Math.Max(1, (int)(spec.FfnReinitialise * Width(tensor) + 1e-9));
}
