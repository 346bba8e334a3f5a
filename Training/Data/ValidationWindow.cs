namespace Bam.Training.Data;

/// <summary>One window of a perplexity measurement: inputs [Start, Start + Length), targets one later.</summary>
/// <param name="Start">Token that is the first input.</param>
/// <param name="Length">Inputs, and so targets; at most the context.</param>
/// <param name="FirstCounted">Index in the window of the first target that counts; those before it are context only.</param>
public readonly record struct ValidationWindow(long Start, int Length, int FirstCounted)
{
    /// <summary>Targets that count.</summary>
    public int Counted => Length - FirstCounted;

    /// <summary>
    /// Cuts a token file into windows so that every target 1..tokens-1 counts once. With stride = context the windows lie side by side;
    /// a smaller stride gives each target at least context - stride tokens before it.
    /// </summary>
    /// <param name="tokens">Tokens in the file.</param>
    /// <param name="context">Longest window.</param>
    /// <param name="stride">In [1, context]; 0 stands for the context.</param>
    /// <param name="limit">Count the first so many targets only.</param>
    public static IEnumerable<ValidationWindow> Over(long tokens, int context, int stride = 0, long limit = long.MaxValue)
    {
        if (stride == 0) stride = context;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(context);
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(stride, context);
        return Cut(Math.Min(tokens - 1, limit), context, stride);
    }

    private static IEnumerable<ValidationWindow> Cut(long inputs, int context, int stride)
    {
        long start = 0, end = 0;
        while (end < inputs)
        {
            var counted = end;
            end = Math.Min(start + context, inputs);
            yield return new ValidationWindow(start, (int)(end - start), (int)(counted - start));
            start += stride;
        }
    }
}
