using Bam.Training.Data;
using Bam.Training.Model;

namespace Bam.Training.Evaluation;

/// <summary>
/// Perplexity of dense models side by side (BTM, arXiv 2208.03306, section 2.2): <c>p(x_t|x_&lt;t) = Σ_j p(j|x_&lt;t) p_j(x_t|x_&lt;t)</c>, where
/// the weight of model j is its posterior after the window's earlier tokens, all models being equally likely before the first.
/// One model is on the device at a time.
/// </summary>
public sealed class EnsembleMeter
{
    private readonly TokenFile _tokens;
    private readonly int _context, _stride;
    private readonly ValidationWindow[] _windows;
    private readonly List<double[][]> _models = [];                            // losses [windows][T] of each model

    /// <param name="tokens">Text, documents joined with the end-of-document token.</param>
    /// <param name="context">Context of the models.</param>
    /// <param name="stride">Tokens between two windows, in [1, context]; 0 for the context: no overlap.</param>
    /// <param name="limit">Tokens to count at most; 0 for all.</param>
    public EnsembleMeter(TokenFile tokens, int context, int stride = 0, long limit = 0)
    {
        (_tokens, _context, _stride) = (tokens, context, stride);
        _windows = [.. ValidationWindow.Over(tokens.Count, context, stride, limit > 0 ? limit : long.MaxValue)];
    }

    /// <summary>Takes a model in.</summary>
    /// <param name="model">Dense model; not needed afterwards.</param>
    /// <param name="batch">Windows in one forward pass.</param>
    /// <param name="pulse">Called after each pass.</param>
    /// <param name="cancellation">Ends after the pass in flight.</param>
    public void Add(Transformer model, int batch, Action? pulse = null, CancellationToken cancellation = default) =>
        _models.Add([.. new WindowLosses(model, _tokens, batch).Measure(_windows, pulse, cancellation).Select(row => row.Losses.ToArray())]);

    /// <summary>The ensemble of all models taken in, at least one.</summary>
    public PerplexityResult Result()
    {
        var sum = 0.0;
        for (var w = 0; w < _windows.Length; w++)
            sum += Window([.. _models.Select(model => model[w])], _windows[w].FirstCounted);
        return PerplexityResult.Of(sum, _windows.Sum(window => (long)window.Counted), _tokens, _context, _stride, []);
    }

    /// <summary>Negative log-likelihood of a window's counted tokens.</summary>
    /// <param name="losses">Losses [T] of each model.</param>
    /// <param name="first">First counted token.</param>
    internal static double Window(double[][] losses, int first)
    {
        var past = new double[losses.Length];                                  // log p_j(x_<t)
        var sum = 0.0;
        for (var t = 0; t < losses[0].Length; t++)
        {
            var before = LogSumExp(past);
            for (var j = 0; j < losses.Length; j++)
                past[j] -= losses[j][t];
            if (t >= first)
                sum += before - LogSumExp(past);
        }

        return sum;
    }

    private static double LogSumExp(double[] values)
    {
        var largest = values.Max();
        return largest + Math.Log(values.Sum(value => Math.Exp(value - largest)));
    }
}
