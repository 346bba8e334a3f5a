namespace Bam.Training.Optimization;

/// <summary>
/// Batches that are left out of a training because they gave no finite loss or gradient. Step number s takes the s-th of the batches that
/// are left, so the rest of the training is a pure function of this list.
/// </summary>
public sealed class BatchSkips
{
    /// <summary>So many are left out among <see cref="Span"/> batches in a row before the training is given up.</summary>
    public const int Limit = 3, Span = 100;

    private readonly long[] _batches;

    /// <param name="batches">Numbers from 0, ascending, each once.</param>
    /// <exception cref="ArgumentException">They are not.</exception>
    public BatchSkips(IEnumerable<long> batches)
    {
        _batches = [.. batches];
        if (_batches.Zip(_batches.Skip(1)).Any(pair => pair.First >= pair.Second) || _batches is [< 0, ..])
            throw new ArgumentException("batch numbers ascend from 0", nameof(batches));
    }

    public static BatchSkips None { get; } = new([]);

    /// <summary>Number of the batch that the step after <paramref name="step"/> steps takes.</summary>
    public long BatchOf(long step)
    {
        var batch = step;
        foreach (var skipped in _batches)
        {
            if (skipped > batch)
                break;
            batch++;
        }

        return batch;
    }

    /// <summary>Those that lie behind a training of so many steps.</summary>
    public IReadOnlyList<long> Before(long step)
    {
        var next = BatchOf(step);
        return [.. _batches.TakeWhile(batch => batch < next)];
    }

    /// <summary>Whether another one at <paramref name="batch"/> would be one too many.</summary>
    public bool IsFull(long batch) => _batches.Count(skipped => skipped <= batch && skipped > batch - Span) >= Limit;

    /// <summary>These and one more.</summary>
    public BatchSkips With(long batch) => new(_batches.Append(batch).Order());
}
