using Bam.Contracts.Status;
using Bam.Training.Data;
using Bam.Training.Model;
using static TorchSharp.torch;

namespace Bam.Training.Evaluation;

/// <summary>Runs a model over the windows of a text, some in one pass, and gives every window its own losses in float64.</summary>
internal sealed class WindowLosses(Transformer model, TokenFile tokens, int batch)
{
    private Tensor? _routing;                                                  // Σ over counted tokens, [L, columns] float64 on the device
    private long _counted;

    /// <summary>Negative log-likelihoods in nats of a window's next tokens, [T] each, in the order of the windows.</summary>
    /// <param name="windows">Windows; those of one length in a row share a pass.</param>
    /// <param name="pulse">Called after each pass.</param>
    /// <param name="cancellation">Ends after the pass in flight.</param>
    public IEnumerable<(ValidationWindow Window, ArraySegment<double> Losses)> Measure(
        IEnumerable<ValidationWindow> windows, Action? pulse, CancellationToken cancellation)
    {
        foreach (var chunk in windows.Chunk(batch))
        {
            // The last window may be shorter than the rest: no padding, it gets a pass of its own.
            foreach (var same in chunk.GroupBy(window => window.Length))
            {
                cancellation.ThrowIfCancellationRequested();
                ValidationWindow[] rows = [.. same];
                var losses = Pass(rows);
                pulse?.Invoke();
                for (var row = 0; row < rows.Length; row++)
                    yield return (rows[row], new ArraySegment<double>(losses, row * same.Key, same.Key));
            }
        }
    }

    /// <summary>What the routers did on all counted tokens; empty for a dense model. Ends the measurement.</summary>
    public IReadOnlyList<RouterUse> TakeRouting()
    {
        if (_routing is not { } sum)
            return [];
        using var scope = NewDisposeScope();
        var mean = sum.div(tensor((double)_counted).to(sum.device));
        var layers = RoutingTrace.Read(mean, model.Parameters.Config.Experts);
        sum.Dispose();
        _routing = null;
        return layers;
    }

    private double[] Pass(ValidationWindow[] windows)
    {
        using var quiet = no_grad();
        using var scope = NewDisposeScope();
        int rows = windows.Length, time = windows[0].Length;
        long[] inputs = new long[rows * time], targets = new long[rows * time];
        var counted = new float[rows * time];
        for (var row = 0; row < rows; row++)
        {
            tokens.Read(windows[row].Start, inputs.AsSpan(row * time, time));
            tokens.Read(windows[row].Start + 1, targets.AsSpan(row * time, time));
            counted.AsSpan(row * time + windows[row].FirstCounted, windows[row].Counted).Fill(1);
        }

        var device = model.Parameters.Device;
        var ids = tensor(inputs, [rows, time]).to(device);                     // [B, T]
        var trace = model.Parameters.Config.Experts > 0 ? new RoutingTrace() : null;
        var pass = model.Pass(ids) with { Trace = trace, Counted = trace is null ? null : tensor(counted).to(device) };
        var losses = model.TokenLosses(ids, tensor(targets, [rows, time]).to(device), pass).to(float64).cpu();
        if (trace is not null)
            Add(trace.Stack(), windows.Sum(window => (long)window.Counted));
        return losses.data<double>().ToArray();                                // [B·T]
    }

    private void Add(Tensor stacked, long count)
    {
        var weighted = stacked.mul(tensor((double)count).to(stacked.device));
        if (_routing is null)
            _routing = weighted.DetachFromDisposeScope();
        else
            _routing.add_(weighted, Ops.One);
        _counted += count;
    }
}
