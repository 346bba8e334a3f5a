namespace Bam.Cluster;

/// <summary>A cluster of its own, not beside that of another test.</summary>
[CollectionDefinition(nameof(RivalsCollection), DisableParallelization = true)]
public sealed class RivalsCollection : ICollectionFixture<RivalsRun>;
