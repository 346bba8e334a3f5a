namespace Bam.Cluster;

/// <summary>Tests with a cluster of their own, one after another.</summary>
[CollectionDefinition(nameof(TerminalCollection), DisableParallelization = true)]
public sealed class TerminalCollection;
