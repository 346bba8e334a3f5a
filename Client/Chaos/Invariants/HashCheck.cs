using Bam.Contracts.Status;

namespace Bam.Client.Chaos.Invariants;

/// <summary>Holds the weights of a completed run against those of one that nothing disturbed.</summary>
internal static class HashCheck
{
    /// <param name="status">A completed run.</param>
    /// <param name="reference">SHA-256 of the undisturbed run's weights, by model; null for a model without weights of its own.</param>
    public static IEnumerable<Violation> Of(RunStatus status, IReadOnlyDictionary<string, string?> reference)
    {
        foreach (var member in status.Members)
        {
            if (!reference.TryGetValue(member.Name, out var expected))
                yield return new(Invariant.SameBits, member.Name, "the undisturbed run has no such model");
            else if (member.CheckpointHash != expected)
                yield return new(Invariant.SameBits, member.Name, $"ends with {Short(member.CheckpointHash)}, undisturbed with {Short(expected)}");
        }
    }

    private static string Short(string? hash) => hash is null ? "no weights" : hash[..Math.Min(12, hash.Length)];
}
