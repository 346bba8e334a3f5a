using Bam.Training.Data;
using Bam.Training.Model;

namespace Bam.Training.Evaluation;

/// <summary>
/// Perplexity as design.md section 6 defines it: consecutive windows of the model's context, every next token counted once, summed in
/// float64 token by token, so that the result does not depend on the batch size.
/// </summary>
public static class PerplexityMeter
{
    /// <param name="model">Any model; its thread is the caller's.</param>
    /// <param name="tokens">Text, documents joined with the end-of-document token.</param>
    /// <param name="stride">Tokens between two windows, in [1, context]; 0 for the context: no overlap.</param>
    /// <param name="limit">Tokens to count at most; 0 for all.</param>
    /// <param name="batch">Windows in one forward pass.</param>
    /// <param name="pulse">Called after each pass.</param>
    /// <param name="cancellation">Ends after the pass in flight.</param>
    public static PerplexityResult Measure(
        Transformer model, TokenFile tokens, int stride = 0, long limit = 0, int batch = 16, Action? pulse = null, CancellationToken cancellation = default)
    {
        var context = model.Parameters.Config.Context;
        double sum = 0;
        long count = 0;
        var losses = new WindowLosses(model, tokens, batch);
        var windows = ValidationWindow.Over(tokens.Count, context, stride, limit > 0 ? limit : long.MaxValue);
        foreach (var (window, values) in losses.Measure(windows, pulse, cancellation))
        {
            foreach (var value in values[window.FirstCounted..])
                sum += value;
            count += window.Counted;
        }

        return PerplexityResult.Of(sum, count, tokens, context, stride, losses.TakeRouting());
    }
}
