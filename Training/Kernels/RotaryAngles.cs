using Bam.Training.Model;
using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>Cosine and sine of every position and pair, [T, K/2, 2]; row i of a matrix is at position i modulo T.</summary>
/// <param name="Table">The numbers.</param>
/// <param name="Time">T.</param>
/// <param name="Interleaved">Whether a pair's two numbers are neighbours, else half a head apart.</param>
internal sealed record RotaryAngles(Tensor Table, int Time, bool Interleaved)
{
    public static RotaryAngles Of(ModelConfig config, Arena arena)
    {
        int half = config.HeadWidth / 2;
        var table = arena.Numbers(config.Context, half, 2);
        using var scope = NewDisposeScope();
        table.copy_(tensor(RotaryTable.Angles(config), [config.Context, half, 2]));
        return new RotaryAngles(table, config.Context, config.RopeInterleaved || half == 1);
    }
}
