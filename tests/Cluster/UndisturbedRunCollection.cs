namespace Bam.Cluster;

/// <summary>Tests that share one undisturbed run, one after another: they measure processes and would disturb each other.</summary>
[CollectionDefinition(nameof(UndisturbedRunCollection), DisableParallelization = true)]
public sealed class UndisturbedRunCollection : ICollectionFixture<UndisturbedRun>;
