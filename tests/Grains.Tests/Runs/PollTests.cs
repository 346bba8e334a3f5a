using Bam.Contracts.Runs;
using Bam.Contracts.Status;
using Bam.Grains.Tests.Clusters;

namespace Bam.Grains.Tests.Runs;

public sealed class PollTests
{
    [Fact]
    public async Task Ten_thousand_calls_for_the_status_are_answered_while_steps_keep_coming_and_nothing_restarts()
    {
        await using var cluster = await TrainingCluster.Start(silos: 1);
        using var totals = new MetricTotals("polled");
        var spec = TinyRun.In("polled", cluster.Folder);
        await cluster.Launch(spec with
        {
            SeedModel = spec.SeedModel with { Steps = 1_000_000 },
            Checkpoints = new CheckpointSpec(Every: 100_000, Keep: 2),
            Evaluate = new EvaluationSpec(0, 200),
        });
        await cluster.Until("polled", status => status.Members[0].Step > 0);

        var steps = new List<double> { totals.Sum("bam.steps", "seed") };
        for (var thousand = 0; thousand < 10; thousand++)
        {
            for (var hundred = 0; hundred < 10; hundred++)
                Assert.All(await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => cluster.Status("polled"))), status => Assert.Equal(RunPhase.Seed, status!.Phase));
            steps.Add(totals.Sum("bam.steps", "seed"));
        }

        Assert.All(steps.Zip(steps.Skip(1)), pair => Assert.True(pair.First < pair.Second, string.Join(", ", steps)));
        var seed = (await cluster.Status("polled"))!.Members[0];
        Assert.Equal((1, 0), (seed.Attempt, seed.Restarts));
        Assert.True(await cluster.Cancel("polled"));
    }
}
