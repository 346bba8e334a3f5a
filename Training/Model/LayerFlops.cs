namespace Bam.Training.Model;

/// <summary>Forward FLOPs of one token in one layer.</summary>
/// <param name="Attention">Projections of all attention experts, QK and AV.</param>
/// <param name="Ffn">The FFN experts that the token is sent to.</param>
/// <param name="Routers">Both routers.</param>
public sealed record LayerFlops(long Attention, long Ffn, long Routers)
{
    public long Total => Attention + Ffn + Routers;
}
