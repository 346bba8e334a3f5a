namespace Bam.Deploy.Tests.Watching;

/// <summary>Tests that ask one watched run.</summary>
[CollectionDefinition(nameof(WatchedRunCollection), DisableParallelization = true)]
public sealed class WatchedRunCollection : ICollectionFixture<WatchedRun>;
