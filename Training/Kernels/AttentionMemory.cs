using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>The heads of one block's attention, from the product that makes them to the one that reads what they attended to.</summary>
internal sealed class AttentionMemory
{
    /// <param name="arena">Gives what is between them.</param>
    /// <param name="input">What the first product made, [B·T, C].</param>
    /// <param name="columns">Where queries, keys and values lie in it.</param>
    /// <param name="layout">Query heads.</param>
    /// <param name="keyWidth">Numbers of all keys, E_kv·Hkv·K.</param>
    /// <param name="angles">Of all positions.</param>
    /// <param name="into">Where the last product reads what they attended to, [B·T, E·H·K]; null where it does not read that as it is.</param>
    public AttentionMemory(Arena arena, Matrix input, InputColumns columns, HeadLayout layout, int keyWidth, RotaryAngles angles, Matrix? into)
    {
        var query = layout.Experts * layout.Heads * layout.Width;
        (Layout, Angles, Into) = (layout, angles, into);
        Q = input.Part(columns.Q, query);
        K = input.Part(columns.K, keyWidth);
        QK = input.Part(columns.Q, query + keyWidth);
        V = input.Part(columns.V, keyWidth);
        Queries = layout.Regrouped ? arena.Matrix(input.Rows, query) : Q;
        (QueryHeads, KeyHeads, ValueHeads) = (Kept(Queries), Kept(K), Kept(V));
    }

    /// <summary>Query heads.</summary>
    public HeadLayout Layout { get; }

    public RotaryAngles Angles { get; }

    /// <summary>[N, E·H·K]; after the backward pass the gradient, as K and V.</summary>
    public Matrix Q { get; }

    /// <summary>[N, E_kv·Hkv·K].</summary>
    public Matrix K { get; }

    /// <summary>Queries and keys, which are neighbours.</summary>
    public Matrix QK { get; }

    public Matrix V { get; }

    /// <summary>Turned queries in the order that attention wants.</summary>
    public Matrix Queries { get; }

    /// <summary>The same as [B, H, T, K].</summary>
    public Tensor QueryHeads { get; }

    public Tensor KeyHeads { get; }

    public Tensor ValueHeads { get; }

    public Matrix? Into { get; }

    /// <summary>[B·T, H·K] as [B, H, T, K].</summary>
    public Tensor Heads(Tensor rows) => rows.view(-1, Angles.Time, rows.size(1) / Layout.Width, Layout.Width).transpose(1, 2);

    private Tensor Kept(Matrix matrix)
    {
        using var scope = NewDisposeScope();
        return Heads(matrix.Tensor).DetachFromDisposeScope();
    }
}
