using static TorchSharp.torch;

namespace Bam.Training.Model;

/// <summary>
/// Rotary position embedding (RoPE, arXiv 2104.09864) as one complex product: the pair (a, b) of a head at position t becomes
/// (a + ib) · exp(i t θ^(-2j/K)). Pairs are neighbours (interleaved) or half a head apart.
/// </summary>
internal sealed class RotaryTable : IDisposable
{
    private readonly Tensor _turns;                                            // [T, 1, K/2] complex
    private readonly int _half;                                                // K/2
    private readonly bool _interleaved;
    private readonly ScalarType _real;

    public RotaryTable(ModelConfig config, Device device, ScalarType compute)
    {
        int context = config.Context, half = config.HeadWidth / 2;
        _half = half;
        _interleaved = config.RopeInterleaved || half == 1;                    // one pair is both
        _real = compute == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        using var scope = NewDisposeScope();
        // A copy: a tensor may lie in the array itself, 8 bytes aligned, and products of complex float64 numbers fault there.
        var turns = tensor(Angles(config), [context, 1, half, 2]).clone().to(_real).to(device);
        _turns = view_as_complex(turns).DetachFromDisposeScope();
    }

    /// <summary>Cosine and sine of every position and pair, [T, K/2, 2] row-major.</summary>
    internal static double[] Angles(ModelConfig config)
    {
        int context = config.Context, half = config.HeadWidth / 2;
        var angles = new double[context * half * 2];
        for (var t = 0; t < context; t++)
        {
            for (var j = 0; j < half; j++)
            {
                var angle = t * Math.Pow(config.RopeTheta, -2.0 * j / config.HeadWidth);
                (angles[(t * half + j) * 2 + 1], angles[(t * half + j) * 2]) = Math.SinCos(angle);
            }
        }

        return angles;
    }

    /// <summary>Turns every head of x [B, T, heads·K] by its position, the first of a row being <paramref name="offset"/>: [B, T, heads, K].</summary>
    public Tensor Apply(Tensor x, int batch, int offset, int time, int heads) => Turn(x, _turns.narrow(0, offset, time), batch, time, heads);

    /// <summary>Turns every head of x [B, T, heads·K] by its token's position, int64 [B, T]: [B, T, heads, K].</summary>
    public Tensor Apply(Tensor x, Tensor positions, int heads)
    {
        int batch = (int)positions.size(0), time = (int)positions.size(1);
        return Turn(x, _turns.index_select(0, positions.view(-1)).view(batch, time, 1, _half), batch, time, heads);
    }

    private Tensor Turn(Tensor x, Tensor turns, int batch, int time, int heads)
    {
        var wide = x.dtype == _real ? x : x.to(_real);
        var pairs = _interleaved
            ? wide.view(batch, time, heads, _half, 2)
            : wide.view(batch, time, heads, 2, _half).transpose(-1, -2).contiguous();
        var turned = view_as_real(view_as_complex(pairs).mul(turns));          // [B, T, heads, K/2, 2]
        var back = _interleaved ? turned : turned.transpose(-1, -2);
        var result = back.reshape(batch, time, heads, 2 * _half);
        return x.dtype == _real ? result : result.to(x.dtype);
    }

    public void Dispose() => _turns.Dispose();
}
