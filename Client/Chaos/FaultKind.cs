namespace Bam.Client.Chaos;

/// <summary>What <c>bam chaos</c> does to a cluster; on the command line in kebab case.</summary>
internal enum FaultKind
{
    Kill,
    KillCoordinator,
    KillAny,
    Pause,
    Hiccup,
    Stop,
    Corrupt,
    Crash,
    NoSpace,
    Keeper,
    Power,
    Client,
}
