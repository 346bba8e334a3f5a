using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>Memory of a step that stays the same from step to step, and who frees it.</summary>
/// <param name="device">Where it lies.</param>
/// <param name="type">Type of the arithmetic.</param>
internal sealed class Arena(Device device, ScalarType type) : IDisposable
{
    private readonly List<Tensor> _tensors = [];

    public Device Device => device;

    /// <summary>Type of statistics, gates and losses: float32, or float64 where the arithmetic is.</summary>
    public ScalarType Wide { get; } = type == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;

    /// <summary>Bytes taken so far.</summary>
    public long Bytes { get; private set; }

    public Matrix Matrix(int rows, int columns) => Kernels.Matrix.Of(Take(type, rows, columns));

    public Tensor Numbers(params ReadOnlySpan<long> shape) => Take(Wide, shape);

    public Tensor Integers(params ReadOnlySpan<long> shape) => Take(ScalarType.Int32, shape);

    public Tensor Take(ScalarType kind, params ReadOnlySpan<long> shape)
    {
        using var quiet = no_grad();
        var tensor = zeros(shape, kind, device).DetachFromDisposeScope();
        _tensors.Add(tensor);
        Bytes += tensor.NumberOfElements * tensor.ElementSize;
        return tensor;
    }

    public void Dispose()
    {
        foreach (var tensor in _tensors)
            tensor.Dispose();
    }
}
