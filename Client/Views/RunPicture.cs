using Bam.Contracts.Status;

namespace Bam.Client.Views;

/// <summary>What is known of a run at one moment: all that its screen shows.</summary>
/// <param name="Status">The run as last seen.</param>
/// <param name="Now">The present.</param>
internal sealed record RunPicture(RunStatus Status, DateTimeOffset Now)
{
    /// <summary>Losses of its models.</summary>
    public LossCurves Curves { get; init; } = new();

    /// <summary>Its last events, oldest first.</summary>
    public IReadOnlyCollection<RunEvent> Events { get; init; } = [];

    /// <summary>The time zone in which events are told.</summary>
    public TimeZoneInfo Zone { get; init; } = TimeZoneInfo.Utc;

    /// <summary>For how long the cluster has not answered; null when it does.</summary>
    public TimeSpan? Silence { get; init; }

    /// <summary>What the user may do, at the bottom where there is room; null for nothing.</summary>
    public string? Hint { get; init; }
}
