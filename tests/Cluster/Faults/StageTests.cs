namespace Bam.Cluster.Faults;

/// <summary>Deaths at every stage of a run, of whoever trains, coordinates or watches.</summary>
[Collection(nameof(FaultCollection))]
public sealed class StageTests(FaultCluster faults, ITestOutputHelper output)
{
    /// <summary>Where a silo that trains may die; the step is drawn where it matters.</summary>
    private static readonly string[] Training =
        ["prepare", "step", "save-staged", "save-weights", "save-optimizer", "save-manifest", "save-published", "save-pruned", "evaluate"];

    /// <summary>Where the silo that coordinates may die.</summary>
    private static readonly string[] Coordinating = ["gather", "mix", "mixed"];

    [Fact]
    public async Task Whoever_dies_at_whatever_stage_the_run_ends_with_the_same_bits()
    {
        await faults.Begin();
        var random = FaultSeed.Of("stages");
        // Not the same model twice in a row: five deaths without a new checkpoint are given up, and rightly so.
        var members = FaultRun.Models.Concat(FaultRun.Models).ToArray();
        random.Shuffle(members);
        var orders = Training.Zip(members, (point, member) => (Order: faults.Orders.Order("die", point, member, Step(random, point, member)), Point: point, Member: member)).ToArray();
        var coordinating = Coordinating.Select(point => faults.Orders.Order("die", point)).ToArray();

        await faults.Launch("stages");
        var ended = await faults.Cluster.Completed("stages");

        Assert.All(orders, order => Assert.True(faults.Orders.Fired(order.Order) is not null, $"{order.Order} did not fire"));
        Assert.All(coordinating, order => Assert.True(faults.Orders.Fired(order) is not null, $"{order} did not fire"));
        foreach (var (order, point, member) in orders)
            FaultReport.Add(output, $"die@{point}", member, point == "evaluate" ? null : faults.Recovery("stages", member, faults.Orders.Fired(order)!.Value.When));
        foreach (var point in Coordinating)
            FaultReport.Add(output, $"die@{point}", "the run", null);
        Assert.Equal(orders.Length, ended.Restarts);
        await faults.AssertWhole(ended);
    }

    [Fact]
    public async Task A_silo_that_coordinates_or_trains_may_be_killed_from_outside_at_any_moment()
    {
        await faults.Begin();
        var random = FaultSeed.Of("outside");
        var slow = FaultRun.Branches.Select(branch => faults.Orders.Order("slow", "step", branch, random.Next(30, 90))).ToArray();
        await faults.Launch("outside");
        await faults.Orders.UntilFired(slow[0]);

        var coordinator = faults.Cluster.CoordinatorOf("outside");
        var killed = faults.Cluster.Kill(coordinator);
        var ended = await faults.Cluster.Completed("outside");

        FaultReport.Add(output, "kill the coordinator", coordinator, null);
        // One silo died: at most the one branch that it trained was disturbed, and the others went on under their first attempt.
        Assert.InRange(ended.Restarts, 0, 1);
        Assert.InRange(FaultRun.Branches.Count(branch => ended.Member(branch).GetProperty("attempt").GetInt32() == 1), 2, 3);
        await faults.AssertWhole(ended);
    }

    [Fact]
    public async Task Consoles_may_launch_together_and_die_and_the_run_goes_on()
    {
        await faults.Begin();
        faults.Orders.Order("slow", "step", "law", 10);
        var file = FaultRun.Write(faults.Cluster.Home, "consoles");
        string[] launch = ["launch", file, "--detach", "--home", faults.Cluster.Home];

        var together = await Task.WhenAll(BamProcess.Run(launch), BamProcess.Run(launch));
        using var watching = BamProcess.Start([], "launch", file, "--home", faults.Cluster.Home);
        await faults.Cluster.Until("consoles", view => view.Step("law") > 0);
        Signals.Send(watching.Id, Signals.Kill);
        var again = await BamProcess.Run("watch", "consoles", "--home", faults.Cluster.Home);

        FaultReport.Add(output, "kill the console", "the run", null);
        Assert.All(together, outcome => Assert.Equal(0, outcome.ExitCode));
        Assert.Equal(0, again.ExitCode);
        var lines = again.Output.Split('\n');
        Assert.Single(lines, line => line.Contains(" launched ", StringComparison.Ordinal));
        Assert.Equal(FaultRun.Models.Length, lines.Count(line => line.Contains(" started ", StringComparison.Ordinal)));
        var ended = await faults.Cluster.Status("consoles");
        Assert.Equal(0, ended.Restarts);
        await faults.AssertWhole(ended);
    }

    [Fact]
    public async Task A_power_cut_in_the_middle_costs_no_more_than_the_steps_since_the_last_checkpoints()
    {
        await faults.Begin();
        var slow = faults.Orders.Order("slow", "step", "code", FaultSeed.Of("power").Next(30, 100));
        await faults.Launch("power");
        await faults.Orders.UntilFired(slow);

        var (keeper, silos) = (faults.Cluster.Keeper(), faults.Cluster.Processes());
        Signals.Send(keeper, Signals.Kill);
        foreach (var silo in silos.Values)
            Signals.Send(silo, Signals.Kill);
        var cut = DateTime.UtcNow;
        await faults.Cluster.Start(silos: 3);
        var ended = await faults.Cluster.Completed("power");

        FaultReport.Add(output, "power cut", "code", faults.Recovery("power", "code", cut));
        await faults.AssertWhole(ended);
    }

    [Fact]
    public async Task Without_its_keeper_a_cluster_trains_on_and_up_brings_the_rest_back()
    {
        await faults.Begin();
        var slow = faults.Orders.Order("slow", "step", "math", 50);
        await faults.Launch("orphans");
        await faults.Orders.UntilFired(slow);
        var view = await faults.Cluster.Status("orphans");

        Signals.Send(faults.Cluster.Keeper(), Signals.Kill);
        var dead = view.SiloOf("math") ?? faults.Cluster.Processes().Keys.First();
        var killed = faults.Cluster.Kill(dead);
        var ended = await faults.Cluster.Completed("orphans");
        await faults.Cluster.Start(silos: 3);

        FaultReport.Add(output, "kill without a keeper", "math", faults.Recovery("orphans", "math", killed));
        Assert.Equal(3, faults.Cluster.Processes().Count);
        await faults.AssertWhole(ended);
    }

    /// <summary>A step at which the point is passed: saves come each twenty steps, the end included.</summary>
    private static long? Step(Random random, string point, string member)
    {
        var steps = FaultRun.Steps(member);
        return point switch
        {
            "prepare" or "evaluate" => null,
            "step" => random.Next(1, steps),
            _ => FaultRun.Every * random.Next(1, (steps / FaultRun.Every) + 1),
        };
    }
}
