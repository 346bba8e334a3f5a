namespace Bam.Cluster.Faults;

/// <summary>Tests that break things in one and the same cluster, one after another.</summary>
[CollectionDefinition(nameof(FaultCollection), DisableParallelization = true)]
public sealed class FaultCollection : ICollectionFixture<FaultCluster>;
