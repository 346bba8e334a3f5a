using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Bam.Cluster.Stores;

/// <summary>An upgrade as an operator does it: SIGTERM to one silo after another while they train.</summary>
[Collection(nameof(UndisturbedRunCollection))]
public sealed partial class RollingRestartTests(UndisturbedRun undisturbed, ITestOutputHelper output)
{
    [Fact]
    public async Task On_SQLite_every_silo_restarts_under_load_and_no_step_is_lost()
    {
        await using var cluster = await TestCluster.Up(silos: 3);
        await Roll(cluster);
    }

    [Fact]
    public async Task On_PostgreSQL_every_silo_restarts_under_load_and_no_step_is_lost()
    {
        await using var postgres = await PostgresClusters.Start();
        await using var cluster = await TestCluster.Up(silos: 3, postgres.Option);
        await Roll(cluster);
    }

    private async Task Roll(TestCluster cluster)
    {
        await cluster.Launch(SmallRun.Write(cluster.Home));
        var silos = cluster.Processes().Keys.Order().ToArray();
        await cluster.Until(SmallRun.Name, view => SmallRun.Trained.Any(member => Trains(view, member, silos[0]) && view.Step(member) > 20));
        var moves = new List<(string Member, long Step, DateTime Told)>();
        foreach (var silo in silos)
        {
            var before = await cluster.Status(SmallRun.Name);
            Assert.NotEqual("completed", before.Phase);
            moves.AddRange(SmallRun.Trained.Where(member => Trains(before, member, silo))
                .Select(member => (member, before.Step(member), DateTime.UtcNow)));
            await Restart(cluster, silo);
        }

        var ended = await cluster.Completed(SmallRun.Name);

        Assert.Equal(undisturbed.View.Hashes, ended.Hashes);
        Assert.Equal(0, ended.Restarts);
        Assert.NotEmpty(moves);
        output.WriteLine($"told to end: {string.Join(", ", moves.Select(move => $"the silo of {move.Member} at step {move.Step} or later"))}");
        await AssertNoStepTwice(cluster, moves);
    }

    private static bool Trains(RunView view, string member, string silo) => view.State(member) == "training" && view.SiloOf(member) == silo;

    private async Task Restart(TestCluster cluster, string silo)
    {
        var (began, process) = (Stopwatch.GetTimestamp(), cluster.Processes()[silo]);
        Signals.Send(process, Signals.Terminate);
        while (Signals.IsAlive(process)) await Task.Delay(20);
        var down = Stopwatch.GetElapsedTime(began);
        await cluster.Start(silos: 3); // leaves the running ones alone, and waits for the one that the keeper has started again
        output.WriteLine($"{silo} ended after {down.TotalSeconds:0.0} s and was back after {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s");
    }

    /// <summary>A model goes on from the step that it had reached when its silo was told to end, or a later one; or it had come to its end by then.</summary>
    private async Task AssertNoStepTwice(TestCluster cluster, List<(string Member, long Step, DateTime Told)> moves)
    {
        var resumed = cluster.Lines().Select(line => (line.Time, Match: Resumed().Match(line.Text))).Where(line => line.Match.Success).OrderBy(line => line.Time)
            .Select(line => (line.Time, Member: line.Match.Groups["member"].Value, Step: long.Parse(line.Match.Groups["step"].Value, CultureInfo.InvariantCulture)))
            .ToArray();
        output.WriteLine($"went on: {string.Join(", ", resumed.Select(one => $"{one.Member} from step {one.Step}"))}");

        Assert.NotEmpty(resumed);
        Assert.All(
            (await cluster.Events(SmallRun.Name)).Where(line => line.Contains(" resumed ", StringComparison.Ordinal)),
            line => Assert.EndsWith(": it was stopped", line, StringComparison.Ordinal));
        Assert.All(resumed.GroupBy(one => one.Member, one => one.Step), steps => Assert.Equal(steps.Order(), steps));
        Assert.All(moves, move =>
        {
            var next = resumed.Where(one => one.Member == move.Member && one.Time > move.Told).Take(1);
            Assert.All(next, one => Assert.True(one.Step >= move.Step, $"{move.Member}: {move.Step}, then {one.Step}"));
        });
    }

    [GeneratedRegex(@" (?<member>[a-z0-9-]+): attempt (?!1 )\d+ goes on from step (?<step>\d+),")]
    private static partial Regex Resumed();
}
