using Bam.Contracts.Status;

namespace Bam.Silo.Page;

/// <summary>A run in the list of all.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Phase">Where it is.</param>
/// <param name="Paused">Whether it stands still until it is resumed.</param>
/// <param name="Launched">When it was launched.</param>
/// <param name="Ended">When it ended; null while it goes on.</param>
/// <param name="Progress">Part of its steps that is done; null for one that ended without being completed.</param>
/// <param name="Remaining">Time to its end; null when unknown.</param>
internal sealed record RunLine(
    string Name, RunPhase Phase, bool Paused, DateTimeOffset Launched, DateTimeOffset? Ended, double? Progress, TimeSpan? Remaining);
