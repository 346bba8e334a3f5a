namespace Bam.Client.Clusters;

/// <summary>Pauses between restarts: 0.5 s, doubled up to 30 s, and from the start again after a life of ten seconds: what dies younger cannot work.</summary>
internal sealed class BackOff
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongLife = TimeSpan.FromSeconds(10);

    private TimeSpan _next = First;

    /// <summary>The pause before the next start of a process that lived for <paramref name="life"/>.</summary>
    public TimeSpan After(TimeSpan life)
    {
        var pause = life >= LongLife ? First : _next;
        _next = pause * 2 < Longest ? pause * 2 : Longest;
        return pause;
    }
}
