namespace Bam.Training.Kernels;

/// <summary>
/// Query heads of E experts. Where keys and values are shared, attention wants the heads that share them side by side:
/// [E, Hkv, group] becomes [Hkv, E, group].
/// </summary>
/// <param name="Experts">E; 1 for plain attention.</param>
/// <param name="Heads">Query heads of one expert.</param>
/// <param name="KvHeads">Heads of keys and values of one expert.</param>
/// <param name="Width">Numbers of a head.</param>
/// <param name="Regrouped">Whether attention sees them in the other order.</param>
internal sealed record HeadLayout(int Experts, int Heads, int KvHeads, int Width, bool Regrouped)
{
    public int Group => Heads / KvHeads;
}
