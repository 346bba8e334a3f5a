using Bam.Training.Model;

namespace Bam.Training.Kernels;

/// <summary>
/// The order of a model's weights in memory that suits its products: all that reads a block's normalised input is one matrix
/// (q, k, v, gate and up of a dense FFN, both routers), an expert's gate and up are one, and all that is added to the residual stream stands
/// side by side (the experts' output projections; a dense block's o and down).
/// Names and shapes of the tensors stay what they are: each is a view.
/// </summary>
internal sealed class FlatLayout
{
    private const int Aligned = 256;                                           // numbers: 512 bytes of bfloat16

    private readonly List<FlatPiece> _pieces = [];
    private readonly List<FlatSegment> _segments = [];
    private readonly Dictionary<string, FlatPlace> _places = [];
    private readonly Dictionary<string, int> _index = [];

    private FlatLayout(ModelConfig config)
    {
        var specs = TensorLayout.Of(config).ToDictionary(spec => spec.Name);
        Whole("embed.weight", specs["embed.weight"]);
        for (var i = 0; i < config.Layers; i++)
            Block(config, $"blocks.{i}", specs);
        Whole("norm.weight", specs["norm.weight"]);
        if (!config.Tied)
            Whole("head.weight", specs["head.weight"]);
    }

    /// <summary>Numbers in all, gaps between pieces too.</summary>
    public long Count { get; private set; }

    public IReadOnlyList<FlatPiece> Pieces => _pieces;

    public IReadOnlyList<FlatSegment> Segments => _segments;

    public FlatPlace this[TensorSpec spec] => _places[spec.Name];

    public static FlatLayout Of(ModelConfig config) => new(config);

    public int IndexOf(string piece) => _index[piece];

    /// <summary>First row or column of each part of a block's first product, and their number with what fills it up to a multiple of 8.</summary>
    public static InputColumns Columns(ModelConfig config)
    {
        int q = config.AttentionExperts * config.Heads * config.HeadWidth, kv = config.KvExperts * config.KvHeads * config.HeadWidth;
        var ffn = config.Experts == 0 ? config.Ffn : 0;
        var routers = (config.RoutesAttention ? config.Experts : 0) + config.Experts;
        var gate = q + 2 * kv;
        return new(0, q, q + kv, gate, gate + ffn, gate + 2 * ffn, gate + 2 * ffn + routers - config.Experts, (gate + 2 * ffn + routers + 7) / 8 * 8);
    }

    private void Block(ModelConfig config, string block, Dictionary<string, TensorSpec> specs)
    {
        Whole($"{block}.norm.weight", specs[$"{block}.norm.weight"]);
        TensorSpec Spec(string dense, string mixed) => specs.GetValueOrDefault($"{block}.{dense}") ?? specs[$"{block}.{mixed}"];
        var columns = Columns(config);
        var input = Add($"{block}.in", 1, columns.Count, config.Width);
        Rows(input, columns.Q, Spec("attention.q.weight", "attention.experts.q"));
        Rows(input, columns.K, Spec("attention.k.weight", "attention.experts.k"));
        Rows(input, columns.V, Spec("attention.v.weight", "attention.experts.v"));
        if (config.RoutesAttention)
            Rows(input, columns.AttentionRouter, specs[$"{block}.attention.router.weight"]);
        if (config.Experts > 0)
            Rows(input, columns.FfnRouter, specs[$"{block}.ffn.router.weight"]);

        int heads = config.Heads * config.HeadWidth, width = config.Width, ffn = config.Ffn, experts = config.AttentionExperts;
        var across = (long)experts * heads + (config.Experts == 0 ? ffn : 0);
        var output = Add($"{block}.out", 1, width, (int)across);
        var o = Spec("attention.o.weight", "attention.experts.o");
        Place(o, output.Offset, config.RoutesAttention ? [heads, across, 1] : [across, 1]);
        Segment(output, output.Offset, output.Count, o);

        if (config.Experts == 0)
        {
            Rows(input, columns.Gate, specs[$"{block}.ffn.gate.weight"]);
            Rows(input, columns.Up, specs[$"{block}.ffn.up.weight"]);
            Place(specs[$"{block}.ffn.down.weight"], output.Offset + heads, [across, 1]);
            return;
        }

        var both = Add($"{block}.gateup", config.Experts, 2 * ffn, width);
        var gate = specs[$"{block}.ffn.experts.gate"];
        Place(gate, both.Offset, [2L * ffn * width, width, 1]);
        Place(specs[$"{block}.ffn.experts.up"], both.Offset + (long)ffn * width, [2L * ffn * width, width, 1]);
        Segment(both, both.Offset, both.Count, gate);
        Whole($"{block}.down", specs[$"{block}.ffn.experts.down"]);
    }

    /// <summary>A piece that is one tensor as it is.</summary>
    private void Whole(string name, TensorSpec spec)
    {
        var shape = spec.Shape;
        var piece = Add(
            name, shape.Count == 3 ? (int)shape[0] : 1, shape.Count == 1 ? 1 : (int)shape[^2], (int)shape[^1]);
        Place(spec, piece.Offset, Contiguous(spec));
        Segment(piece, piece.Offset, piece.Count, spec);
    }

    private void Rows(FlatPiece piece, int first, TensorSpec spec)
    {
        var offset = piece.Offset + (long)first * piece.Columns;
        Place(spec, offset, Contiguous(spec));
        Segment(piece, offset, spec.Count, spec);
    }

    private FlatPiece Add(string name, int groups, int rows, int columns)
    {
        var piece = new FlatPiece(name, Count, groups, rows, columns);
        _index[name] = _pieces.Count;
        _pieces.Add(piece);
        Count = (Count + piece.Count + Aligned - 1) / Aligned * Aligned;
        return piece;
    }

    private void Place(TensorSpec spec, long offset, long[] strides) => _places[spec.Name] = new(offset, [.. spec.Shape], strides);

    private void Segment(FlatPiece piece, long offset, long count, TensorSpec spec) => _segments.Add(new(_index[piece.Name], offset, count, spec));

    private static long[] Contiguous(TensorSpec spec)
    {
        var strides = new long[spec.Shape.Count];
        long next = 1;
        for (var i = strides.Length - 1; i >= 0; i--)
        {
            strides[i] = next;
            next *= spec.Shape[i];
        }

        return strides;
    }
}
