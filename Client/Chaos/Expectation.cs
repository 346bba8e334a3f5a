namespace Bam.Client.Chaos;

/// <summary>What a fault may do to the run.</summary>
internal enum Expectation
{
    /// <summary>Nothing at all.</summary>
    Undisturbed,

    /// <summary>New attempts, but none that replaces a dead or failed one.</summary>
    Graceful,

    /// <summary>A restart of what it hit.</summary>
    Restart,
}
