using Bam.Training.Model;
using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>All weights of a model in one piece of memory, in the order of <see cref="FlatLayout"/>: masters and working copies.</summary>
internal sealed class FlatWeights : IDisposable
{
    private readonly Dictionary<string, Matrix> _matrices = [];

    public FlatWeights(ModelConfig config, Device device, ScalarType master, ScalarType compute)
    {
        using var scope = NewDisposeScope();
        Layout = FlatLayout.Of(config);
        Masters = zeros(Layout.Count, master, device).DetachFromDisposeScope();
        Working = compute == master ? Masters : zeros(Layout.Count, compute, device).DetachFromDisposeScope();
        foreach (var piece in Layout.Pieces)
        {
            _matrices[piece.Name] = Matrix.Of(
                Working.narrow(0, piece.Offset, piece.Count).view(piece.Groups * piece.Rows, piece.Columns).DetachFromDisposeScope());
        }
    }

    public FlatLayout Layout { get; }

    public Tensor Masters { get; }

    public Tensor Working { get; }

    /// <summary>A piece of the working copies; groups below one another.</summary>
    public Matrix this[string piece] => _matrices[piece];

    /// <summary>The tensor of the model in flat numbers of this layout: weights, copies or moments. A view.</summary>
    public Tensor View(Tensor flat, TensorSpec spec)
    {
        var place = Layout[spec];
        return flat.as_strided(place.Shape, place.Strides, place.Offset).DetachFromDisposeScope();
    }

    public void Dispose()
    {
        foreach (var matrix in _matrices.Values)
            matrix.Tensor.Dispose();
        Working.Dispose();
        Masters.Dispose();
    }
}
