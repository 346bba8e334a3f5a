using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>AdamW on flat weights on a CUDA device: the norm, what it makes of the step, and one pass that updates; nothing waits for the device.</summary>
/// <param name="device">Where the weights are.</param>
/// <param name="ring">Uploads what a step needs; not owned.</param>
internal sealed class CudaUpdate(Device device, PinnedRing ring) : IDisposable
{
    private Tensor? _sums;                                                     // square sums of chunks
    private GradientTable? _enqueued, _recorded;
    private bool _isRecording;

    /// <summary>Enqueues an update, or records it.</summary>
    public void Run(CudaModule code, FlatUpdate update, IReadOnlyList<Tensor?> gradients, Tensor loss, bool frozen)
    {
        var chunks = (int)update.Chunks.size(0);
        _sums ??= zeros(chunks, float32, device).DetachFromDisposeScope();
        _enqueued ??= new GradientTable(gradients.Count, device);
        var gradientTable = _isRecording ? _recorded! : _enqueued;
        gradientTable.Set(gradients);
        if (!_isRecording)
            gradientTable.Upload(ring);

        nint table = Matrix.AddressOf(update.Chunks), list = Matrix.AddressOf(gradientTable.Places), control = Matrix.AddressOf(update.Control);
        var spec = update.Spec;
        code.Launch("square_sums", chunks, 256, table, list, frozen, Matrix.AddressOf(_sums));
        code.Launch(
            "clip", 1, 1024, Matrix.AddressOf(_sums), chunks, (float)spec.ClipNorm, (float)spec.Beta1, (float)spec.Beta2, (float)update.LateSteps,
            Matrix.AddressOf(loss), Matrix.AddressOf(update.Steps), Matrix.AddressOf(update.Skipped), control);
        code.Launch(
            update.First.dtype == ScalarType.BFloat16 ? "update_narrow" : "update_wide", chunks, 256, table, list, frozen, control,
            Matrix.AddressOf(update.Rate), (float)spec.Beta1, (float)spec.Beta2, (float)spec.WeightDecay, (float)update.Epsilon,
            Matrix.AddressOf(update.Weights.Masters), Matrix.AddressOf(update.Weights.Working), Matrix.AddressOf(update.First),
            Matrix.AddressOf(update.Second));
    }

    /// <summary>Records a step with its update; null before the first update, or where the device does not allow it.</summary>
    public IRecordedStep? Record(int index, Action enqueue)
    {
        if (_enqueued is null)
            return null;
        _recorded ??= new GradientTable(_enqueued.Count, device);
        _isRecording = true;
        try
        {
            var graph = CudaGraph.Record(index, enqueue);
            if (graph is not null)
                _recorded.Upload(ring);                                        // the gradients of a recorded step always lie in the same places
            return graph;
        }
        finally
        {
            _isRecording = false;
        }
    }

    public void Dispose()
    {
        _sums?.Dispose();
        _enqueued?.Dispose();
        _recorded?.Dispose();
    }

    /// <summary>Where the gradients of the flat pieces lie, as the kernels read it.</summary>
    private sealed class GradientTable(int count, Device device) : IDisposable
    {
        private readonly long[] _addresses = new long[count];

        public int Count => count;

        public Tensor Places { get; } = zeros(count, int64, device).DetachFromDisposeScope();

        public void Set(IReadOnlyList<Tensor?> gradients)
        {
            for (var i = 0; i < count; i++)
                _addresses[i] = gradients[i] is { } gradient ? Matrix.AddressOf(gradient) : 0;
        }

        public void Upload(PinnedRing ring) => ring.Upload(MemoryMarshal.AsBytes(_addresses.AsSpan()), Matrix.AddressOf(Places));

        public void Dispose() => Places.Dispose();
    }
}
