namespace Bam.Training.Data;

/// <summary>
/// The domains of <see cref="Length"/> consecutive rows, repeated for ever: each domain's count is its share to within a row, and the
/// domains are interleaved by always drawing the one that lags most.
/// </summary>
internal sealed class MixPattern
{
    public const int Length = 4096;

    private readonly int[] _domains = new int[Length];
    private readonly int[] _earlier = new int[Length];
    private readonly int[] _counts;

    /// <param name="shares">Positive, summing to 1.</param>
    public MixPattern(ReadOnlySpan<double> shares)
    {
        _counts = Counts(shares);
        var drawn = new int[shares.Length];
        for (var i = 0; i < Length; i++)
        {
            var most = 0;
            for (var d = 1; d < drawn.Length; d++)
                if (Lag(d, i) > Lag(most, i)) most = d;
            _domains[i] = most;
            _earlier[i] = drawn[most]++;
        }

        // Rows owed by the end of row i, times Length; a domain that has had all of its rows is out.
        long Lag(int d, int i) => drawn[d] == _counts[d] ? long.MinValue : (long)_counts[d] * (i + 1) - (long)drawn[d] * Length;
    }

    /// <param name="row">Global row counter, from 0.</param>
    /// <returns>Index of the row's domain, and how many earlier rows drew from it.</returns>
    public (int Domain, long Draw) this[long row]
    {
        get
        {
            var (period, i) = Math.DivRem(row, Length);
            var domain = _domains[i];
            return (domain, period * _counts[domain] + _earlier[i]);
        }
    }

    /// <summary>Rows of each domain in a period: largest remainders, and at least one for the smallest share.</summary>
    private static int[] Counts(ReadOnlySpan<double> shares)
    {
        var exact = shares.ToArray().Select(s => s * Length).ToArray();
        var counts = exact.Select(e => Math.Max(1, (int)e)).ToArray();
        for (var missing = Length - counts.Sum(); missing != 0; missing -= Math.Sign(missing))
        {
            var sign = Math.Sign(missing);
            var furthest = Enumerable.Range(0, counts.Length).MaxBy(d => sign * (exact[d] - counts[d]));
            counts[furthest] += sign;
        }
        return counts;
    }
}
