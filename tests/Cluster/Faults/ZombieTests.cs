using System.Text.Json;

namespace Bam.Cluster.Faults;

/// <summary>Silos that are declared dead and are not, that answer late, and that are told to go.</summary>
[Collection(nameof(FaultCollection))]
public sealed class ZombieTests(FaultCluster faults, ITestOutputHelper output)
{
    public static TheoryData<string> Points => ["save-manifest", new[] { "step", "save-staged", "save-weights", "save-optimizer", "save-published" }[FaultSeed.Value % 5]];

    [Theory]
    [MemberData(nameof(Points))]
    public async Task A_silo_that_wakes_after_it_was_declared_dead_publishes_nothing(string point)
    {
        await faults.Begin();
        var run = $"zombie-{point}";
        var order = faults.Orders.Order("freeze", point, "law", point == "step" ? 75 : 80);
        await faults.Launch(run);
        var (frozen, process) = await faults.Orders.UntilFired(order);

        await faults.Cluster.Until(run, view => view.Number("law", "attempt") == 2 && view.Number("law", "checkpoint_step") >= 100);
        Signals.Send(process, Signals.Continue);
        var ended = await faults.Cluster.Completed(run);
        for (var i = 0; i < 200 && Signals.IsAlive(process); i++)
            await Task.Delay(100, CancellationToken.None);

        FaultReport.Add(output, $"freeze@{point}", "law", faults.Recovery(run, "law", frozen));
        Assert.False(Signals.IsAlive(process), "it was declared dead and lives on");
        Assert.Equal(2, ended.Number("law", "attempt"));
        Assert.All(new[] { "math", "code" }, other => Assert.Equal(1, ended.Number(other, "attempt")));   // no branch on another silo was disturbed
        Assert.All(StoreChecks.Published(faults.Cluster.StoreOf(run, "law")).Where(folder => string.CompareOrdinal(Path.GetFileName(folder), "step-00000080") > 0), folder =>
        {
            using var manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "manifest.json")));
            Assert.Equal(2, manifest.RootElement.GetProperty("attempt").GetInt32());
        });
        await faults.AssertWhole(ended);
    }

    [Fact]
    public async Task A_silo_that_stands_still_for_good_is_killed_by_its_keeper_and_serves_again()
    {
        await faults.Begin();
        var (silo, process) = faults.Cluster.Processes().First();

        Signals.Send(process, Signals.Stop);
        var stopped = DateTime.UtcNow;
        while (faults.Cluster.Processes().GetValueOrDefault(silo, process) == process)
        {
            Assert.True(DateTime.UtcNow - stopped < TimeSpan.FromMinutes(2), "nobody killed it");
            await Task.Delay(200, CancellationToken.None);
        }

        FaultReport.Add(output, "hang-for-good", silo, DateTime.UtcNow - stopped);
        await faults.Begin();   // waits until all silos are ready
        Assert.False(Signals.IsAlive(process));
    }

    [Fact]
    public async Task Silos_that_stand_still_for_a_second_now_and_then_are_not_taken_for_dead()
    {
        await faults.Begin();
        var random = FaultSeed.Of("pauses");
        foreach (var member in FaultRun.Branches)
            faults.Orders.Order("slow", "step", member, random.Next(10, 110));
        var before = faults.Cluster.Processes();
        await faults.Launch("pauses");

        for (var i = 0; i < 8; i++)
        {
            var process = before.Values.ElementAt(random.Next(before.Count));
            Signals.Send(process, Signals.Stop);
            await Task.Delay(random.Next(500, 2000), CancellationToken.None);
            Signals.Send(process, Signals.Continue);
            await Task.Delay(300, CancellationToken.None);
        }

        var ended = await faults.Cluster.Completed("pauses");

        FaultReport.Add(output, "pause", "silos", null);
        Assert.Equal(0, ended.Restarts);
        Assert.Equal(before, faults.Cluster.Processes());
        await faults.AssertWhole(ended);
    }

    [Fact]
    public async Task A_silo_that_is_told_to_go_saves_its_step_and_the_branch_goes_on_elsewhere_from_there()
    {
        await faults.Begin();
        var step = FaultSeed.Of("told").Next(41, 59);
        var slow = faults.Orders.Order("slow", "step", "law", step);
        await faults.Launch("told");
        var (_, process) = await faults.Orders.UntilFired(slow);

        Signals.Send(process, Signals.Terminate);
        var told = DateTime.UtcNow;
        var ended = await faults.Cluster.Completed("told");

        FaultReport.Add(output, "stop", "law", faults.Recovery("told", "law", told));
        Assert.Equal(0, ended.Restarts);
        var resumed = Assert.Single(await faults.Cluster.Events("told"), line => line.Contains(" resumed ", StringComparison.Ordinal));
        Assert.Matches($"law.* from step {step + 1}: it was stopped", resumed);   // the step in flight was ended and saved
        await faults.AssertWhole(ended);
    }
}
