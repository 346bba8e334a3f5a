namespace Bam.Contracts.Grains;

/// <summary>What became of a launch.</summary>
[GenerateSerializer, Alias("bam.LaunchOutcome")]
public enum LaunchOutcome
{
    Started,

    /// <summary>This very run was launched before: it goes on, or has ended.</summary>
    AlreadyLaunched,

    /// <summary>Another run has this name.</summary>
    NameTaken,

    /// <summary>A completed run was extended: what is new trains, what was there stays.</summary>
    Extended,
}
