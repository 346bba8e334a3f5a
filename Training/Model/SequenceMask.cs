using static TorchSharp.torch;

namespace Bam.Training.Model;

/// <summary>Which tokens of a batch see each other, when a row is not one sequence from its first token on: padding and packing.</summary>
internal sealed class SequenceMask
{
    private SequenceMask(Tensor positions, Tensor visible, Tensor counted) => (Positions, Visible, Counted) = (positions, visible, counted);

    /// <summary>Position of each token in its own sequence, int64 [B, T].</summary>
    public Tensor Positions { get; }

    /// <summary>Keys that each token sees, bool [B, 1, T, S] with S keys. Padding sees itself, so that nothing is undefined.</summary>
    public Tensor Visible { get; }

    /// <summary>1 for tokens, 0 for padding, float32 [B·T].</summary>
    public Tensor Counted { get; }

    /// <summary>Sequences packed into rows, or padded on any side.</summary>
    /// <param name="segments">Number of each token's sequence, [B, T] row-major; 0 is padding. A sequence stands in one piece.</param>
    /// <param name="device">Where the mask is needed.</param>
    public static SequenceMask Packed(long[] segments, int batch, int time, Device device)
    {
        var positions = new long[segments.Length];
        for (var i = 0; i < segments.Length; i++)
            positions[i] = i % time > 0 && segments[i] == segments[i - 1] ? positions[i - 1] + 1 : 0;
        var rows = tensor(segments, [batch, time]).to(device);
        var same = rows.unsqueeze(2).eq(rows.unsqueeze(1)).tril();             // [B, T, S]
        var real = rows.ne(zeros_like(rows));
        return new SequenceMask(
            tensor(positions, [batch, time]).to(device),
            same.logical_and(real.unsqueeze(1)).logical_or(eye(time, dtype: ScalarType.Bool, device: device)).unsqueeze(1),
            real.view(-1).to(float32));
    }

    /// <summary>Tokens that follow a cache of rows which were padded on the left.</summary>
    /// <param name="padding">Padding of each row, [B].</param>
    /// <param name="offset">Tokens of each row, padding included, that came before.</param>
    /// <param name="time">Tokens of each row now.</param>
    public static SequenceMask LeftPadded(long[] padding, int offset, int time, Device device)
    {
        int batch = padding.Length, keys = offset + time;
        var positions = new long[batch * time];
        var visible = new bool[batch * time * keys];
        var counted = new float[batch * time];
        for (var i = 0; i < positions.Length; i++)
        {
            int row = i / time, place = offset + i % time;
            positions[i] = Math.Max(0, place - padding[row]);
            counted[i] = place >= padding[row] ? 1 : 0;
            for (var key = 0; key <= place; key++)
                visible[i * keys + key] = key >= padding[row] || key == place;
        }

        return new SequenceMask(
            tensor(positions, [batch, time]).to(device), tensor(visible, [batch, 1, time, keys]).to(device), tensor(counted).to(device));
    }
}
