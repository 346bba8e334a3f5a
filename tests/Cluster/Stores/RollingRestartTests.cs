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
        await cluster.Until(SmallRun.Name, view => view.Step("law") > 20);
        var moves = new List<(string Member, long Step, DateTime Told)>();
        foreach (var silo in cluster.Processes().Keys.Order())
        {
            var before = await cluster.Status(SmallRun.Name);
            Assert.NotEqual("completed", before.Phase);
            moves.AddRange(SmallRun.Trained.Where(member => before.State(member) == "training" && before.SiloOf(member) == silo)
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
        var resumed = (await cluster.Events(SmallRun.Name)).Select(line => Resumed().Match(line)).Where(match => match.Success)
            .Select(match => (Member: match.Groups["member"].Value, Step: long.Parse(match.Groups["step"].Value, CultureInfo.InvariantCulture),
                Why: match.Groups["why"].Value, Time: DateTime.Parse(match.Groups["time"].Value, null, DateTimeStyles.AdjustToUniversal)))
            .ToArray();
        output.WriteLine($"went on: {string.Join(", ", resumed.Select(one => $"{one.Member} from step {one.Step}"))}");

        Assert.NotEmpty(resumed);
        Assert.All(resumed, one => Assert.Equal("it was stopped", one.Why));
        Assert.All(moves, move =>
        {
            // The time of an event is told in whole seconds.
            var next = resumed.Where(one => one.Member == move.Member && one.Time.AddSeconds(1) > move.Told).Take(1);
            Assert.All(next, one => Assert.True(one.Step >= move.Step, $"{move.Member}: {move.Step}, then {one.Step}"));
        });
    }

    [GeneratedRegex(@"^(?<time>\S+) resumed (?<member>[a-z0-9-]+): .*from step (?<step>\d+): (?<why>.*)$")]
    private static partial Regex Resumed();
}
