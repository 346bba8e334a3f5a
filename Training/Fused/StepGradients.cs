using Bam.Contracts.Runs;
using Bam.Training.Kernels;
using static TorchSharp.torch;

namespace Bam.Training.Fused;

/// <summary>
/// The gradient of each piece of the flat weights. All but those of FFN experts have memory of their own; a grouped product makes those
/// anew in each step.
/// </summary>
internal sealed class StepGradients
{
    private readonly FlatLayout _layout;
    private readonly Dictionary<string, Matrix> _matrices = [];
    private readonly Tensor?[] _pieces;
    private FrozenParts _frozen;

    public StepGradients(Arena arena, FlatLayout layout)
    {
        _layout = layout;
        _pieces = new Tensor?[layout.Pieces.Count];
        foreach (var (i, piece) in layout.Pieces.Index().Where(row => row.Item.Groups == 1))
        {
            var matrix = arena.Matrix(piece.Rows, piece.Columns);
            _matrices[piece.Name] = matrix;
            _pieces[i] = matrix.Tensor;
        }
    }

    /// <summary>By piece; null for experts before their first gradient.</summary>
    public IReadOnlyList<Tensor?> Pieces => _pieces;

    public Matrix this[string piece] => _matrices[piece];

    /// <summary>Begins a step: the experts' gradients of the one before are gone.</summary>
    public void Begin(FrozenParts frozen)
    {
        _frozen = frozen;
        for (var i = 0; i < _pieces.Length; i++)
        {
            if (_layout.Pieces[i].Groups > 1)
                _pieces[i] = null;
        }
    }

    /// <summary>Whether any tensor of a piece has a gradient in this step.</summary>
    public bool Wants(string piece) => _frozen == FrozenParts.None || Bands(piece).Count > 0;

    /// <summary>First row and number of rows of a piece's parts that have a gradient in this step.</summary>
    public IReadOnlyList<(int First, int Count)> Bands(string piece)
    {
        var index = _layout.IndexOf(piece);
        var whole = _layout.Pieces[index];
        if (_frozen == FrozenParts.None)
            return [(0, whole.Groups * whole.Rows)];
        return
        [
            .. _layout.Segments.Where(segment => segment.Piece == index && !segment.Spec.IsFrozen(_frozen))
                .Select(segment => ((int)((segment.Offset - whole.Offset) / whole.Columns), (int)(segment.Count / whole.Columns))),
        ];
    }

    /// <summary>The gradient of a piece of experts, made in this step.</summary>
    public void Take(string piece, Tensor gradient) => _pieces[_layout.IndexOf(piece)] = gradient;
}
