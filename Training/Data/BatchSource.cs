using Bam.Training.Optimization;
using Bam.Training.Randomness;

namespace Bam.Training.Data;

/// <summary>
/// The training batches of one member of a run, as a pure function of (run seed, member, step): resuming at any step needs no replay,
/// and no other state.
/// </summary>
/// <remarks>
/// A domain's N tokens form a ring, whose seam is the end of a document like any other. An epoch cuts it, from an offset of its own, into
/// N / context windows side by side and visits each once, in an order of its own. A window's targets are its inputs shifted by one.
/// </remarks>
public sealed class BatchSource : IBatchSource
{
    private readonly TokenFile[] _tokens;
    private readonly ulong[] _keys;
    private readonly MixPattern _pattern;
    private readonly int _batch, _context;

    /// <param name="runSeed">Seed of the run.</param>
    /// <param name="member">Name of the branch or mixture.</param>
    /// <param name="mix">The domains and their shares, which are met to within 1/4096.</param>
    /// <param name="batch">Rows B of a batch.</param>
    /// <param name="context">Tokens T of a row.</param>
    /// <exception cref="ArgumentException">The shares are not positive, do not sum to 1, or the domains differ in tokenizer.</exception>
    /// <exception cref="DataException">A domain has too few tokens.</exception>
    public BatchSource(long runSeed, string member, IReadOnlyList<(DomainData Data, double Share)> mix, int batch, int context)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(context);
        if (mix.Count is 0 or > MixPattern.Length) throw new ArgumentException("a mix has between 1 and 4096 domains", nameof(mix));
        if (mix.Any(m => !(m.Share > 0)) || Math.Abs(mix.Sum(m => m.Share) - 1) > 1e-6)
        {
            var shares = string.Join(", ", mix.Select(m => $"{m.Data.Name} {m.Share}"));
            throw new ArgumentException($"shares must be positive and sum to 1: {shares}", nameof(mix));
        }
        if (mix.Select(m => m.Data.Manifest.Tokenizer).Distinct().Count() > 1)
            throw new ArgumentException("the domains of a mix must have one tokenizer", nameof(mix));
        foreach (var (data, _) in mix)
        {
            if (data.Train.Count >= context + 2) continue;
            throw new DataException(
                $"domain '{data.Name}': {data.Train.Count} training tokens, but context {context} needs {context + 2}; "
                + "give more text or a smaller context");
        }

        (_batch, _context) = (batch, context);
        _pattern = new MixPattern([.. mix.Select(m => m.Share)]);
        _tokens = [.. mix.Select(m => m.Data.Train)];
        var member64 = CounterHash.Combine((ulong)runSeed, CounterHash.Of(member));
        _keys = [.. mix.Select(m => CounterHash.Combine(member64, CounterHash.Of(m.Data.Name)))];
    }

    /// <inheritdoc/>
    public void Fill(long step, Span<long> inputs, Span<long> targets) => Fill(step, inputs, targets, domains: default);

    /// <summary>Writes the batch of a step, and says which domain each row is from.</summary>
    /// <param name="step">From 0.</param>
    /// <param name="inputs">[B, T], row-major.</param>
    /// <param name="targets">[B, T]: the token after each input.</param>
    /// <param name="domains">[B], or empty: each row's index in the mix.</param>
    public void Fill(long step, Span<long> inputs, Span<long> targets, Span<int> domains)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        if (inputs.Length != _batch * _context || targets.Length != inputs.Length || (domains.Length != _batch && !domains.IsEmpty))
            throw new ArgumentException($"a batch is [{_batch}, {_context}]");
        for (var row = 0; row < _batch; row++)
        {
            var (domain, draw) = _pattern[step * _batch + row];
            var start = WindowStart(domain, draw);
            ReadRing(_tokens[domain], start, inputs.Slice(row * _context, _context));
            ReadRing(_tokens[domain], start + 1, targets.Slice(row * _context, _context));
            if (!domains.IsEmpty) domains[row] = domain;
        }
    }

    /// <summary>Windows that a domain of the mix has in an epoch.</summary>
    internal long Windows(int domain) => _tokens[domain].Count / _context;

    /// <summary>First input token of a domain's n-th draw, in [0, Count).</summary>
    internal long WindowStart(int domain, long draw)
    {
        var count = _tokens[domain].Count;
        var windows = Windows(domain);
        var (epoch, index) = Math.DivRem(draw, windows);
        var key = CounterHash.Combine(_keys[domain], (ulong)epoch);
        var offset = (long)(CounterHash.Mix(key) % (ulong)count);
        return (offset + new WindowPermutation(key, windows)[index] * _context) % count;
    }

    private static void ReadRing(TokenFile tokens, long start, Span<long> into)
    {
        start %= tokens.Count;
        var head = (int)Math.Min(into.Length, tokens.Count - start);
        tokens.Read(start, into[..head]);
        if (head < into.Length) tokens.Read(0, into[head..]);
    }
}
