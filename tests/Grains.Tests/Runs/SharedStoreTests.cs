using Bam.Contracts.Status;
using Bam.Grains.Tests.Clusters;

namespace Bam.Grains.Tests.Runs;

public sealed class SharedStoreTests
{
    [Fact]
    public async Task A_run_that_another_cluster_trains_into_the_same_store_is_refused_and_left_alone()
    {
        await using var first = await TrainingCluster.Start(silos: 1);
        await using var second = await TrainingCluster.Start(silos: 1, store: first.Folder.At("store"));
        var spec = TinyRun.In("shared", first.Folder);
        await first.Launch(spec);
        await first.HoldBeyondStep8("shared", "seed");

        await second.Launch(spec);
        var refused = await second.UntilEnded("shared");
        first.Pace.Release();
        var ended = await first.UntilEnded("shared");

        Assert.Equal(RunPhase.Failed, refused.Phase);
        Assert.Matches(
            "^seed failed: .*/shared: another cluster trains into it \\(run shared, launched 20.*Z; last sign of life [0-9]+ s ago\\); launch under another name, or stop that one and retry$",
            refused.Error);
        Assert.Equal(1, refused.Members[0].Attempt);
        Assert.Equal(RunPhase.Completed, ended.Phase);
        Assert.All(ended.Members, member => Assert.Equal((member.Name, 1, 0), (member.Name, member.Attempt, member.Restarts)));
        Assert.Equal(UndisturbedRun.Hashes, ended.Members.ToDictionary(member => member.Name, member => member.CheckpointHash!));
    }
}
