using Bam.Training.Data;
using Bam.Training.Model;
using static TorchSharp.torch;

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
    /// <param name="pulse">Called after each batch.</param>
    /// <param name="cancellation">Ends after the batch in flight.</param>
    public static PerplexityResult Measure(
        Transformer model, TokenFile tokens, int stride = 0, long limit = 0, int batch = 16, Action? pulse = null, CancellationToken cancellation = default)
    {
        using var quiet = no_grad();
        var context = model.Parameters.Config.Context;
        double sum = 0;
        long count = 0;
        var windows = ValidationWindow.Over(tokens.Count, context, stride, limit > 0 ? limit : long.MaxValue);
        foreach (var chunk in windows.Chunk(batch))
        {
            // The last window may be shorter than the rest: no padding, it gets a pass of its own.
            foreach (var same in chunk.GroupBy(window => window.Length))
            {
                cancellation.ThrowIfCancellationRequested();
                sum += Sum(model, tokens, [.. same]);
                count += same.Sum(window => (long)window.Counted);
            }

            pulse?.Invoke();
        }

        var nll = count == 0 ? double.NaN : sum / count;
        return new PerplexityResult(count, nll, nll / Math.Log(2) / tokens.BytesPerToken);
    }

    private static double Sum(Transformer model, TokenFile tokens, ValidationWindow[] windows)
    {
        using var scope = NewDisposeScope();
        int rows = windows.Length, time = windows[0].Length;
        long[] inputs = new long[rows * time], targets = new long[rows * time];
        for (var row = 0; row < rows; row++)
        {
            tokens.Read(windows[row].Start, inputs.AsSpan(row * time, time));
            tokens.Read(windows[row].Start + 1, targets.AsSpan(row * time, time));
        }

        var device = model.Parameters.Device;
        var losses = model.TokenLosses(tensor(inputs, [rows, time]).to(device), tensor(targets, [rows, time]).to(device)).to(float64).cpu();
        var values = losses.data<double>().ToArray();                          // [B·T]
        var sum = 0.0;
        for (var row = 0; row < rows; row++)
        {
            for (var t = windows[row].FirstCounted; t < time; t++)
                sum += values[row * time + t];
        }

        return sum;
    }
}
