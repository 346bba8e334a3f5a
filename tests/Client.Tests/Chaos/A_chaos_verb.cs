using Bam.Client.Clusters;
using Bam.Client.Tests.Verbs;
using Bam.Client.Tests.Views;

namespace Bam.Client.Tests.Chaos;

public sealed class A_chaos_verb : IDisposable
{
    private readonly ClusterHome _home = new(Directory.CreateTempSubdirectory("bam-chaos-").FullName);
    private readonly FakeCluster _cluster = new();

    public void Dispose() => Directory.Delete(_home.Folder, recursive: true);

    [Fact]
    public async Task Refuses_a_cluster_that_is_not_local()
    {
        var run = await Run("chaos four");

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Equal(
            $"the silos of {_home.Folder} were not started by 'bam cluster up': chaos disturbs only a local cluster, which it can bring back\n", run.Error);
    }

    [Fact]
    public async Task Refuses_a_cluster_that_is_down()
    {
        Write(keeper: null);

        Assert.Equal(new(3, "", $"the cluster at {_home.Folder} is down; start it with 'bam cluster up'\n"), await Run("chaos four"));
    }

    [Theory]
    [InlineData("chaos four --kinds kil", "--kinds: no fault 'kil'; did you mean 'kill'? (faults: kill, kill-coordinator, kill-any, pause, hiccup, stop, corrupt, crash, no-space, keeper, power, client)")]
    [InlineData("chaos four --kinds crash", "--kinds crash: these silos take no orders; start them with: Bam__Faults=HOME/faults bam cluster up")]
    [InlineData("chaos four --kinds pause", "--kinds pause: nobody would notice in a cluster of one silo; start more with 'bam cluster up --silos 2'")]
    [InlineData("chaos fuor", "no run 'fuor'; did you mean 'four'? (runs: four, over)")]
    [InlineData("chaos over", "over has ended already; give a run that goes on")]
    [InlineData("chaos four --reference four", "--reference four: has not completed; name a run of the same file that has")]
    [InlineData("chaos four --reference-file HOME/cluster.json", "HOME/cluster.json: The given key was not present in the dictionary; give what 'bam status RUN --json' prints")]
    public async Task Refuses_what_cannot_be_done(string line, string error)
    {
        _cluster.Add(Statuses.Branching);
        _cluster.Add(Statuses.Completed with { Name = "over" });
        Write(ProcessIdentity.Current);

        Assert.Equal(new(2, "", error.Replace("HOME", _home.Folder, StringComparison.Ordinal) + "\n"), await Run(line.Replace("HOME", _home.Folder, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Describes_every_fault_in_its_help()
    {
        var run = await Run("chaos --help");

        Assert.Equal(0, run.ExitCode);
        Assert.All(Bam.Client.Chaos.FaultKinds.All, kind => Assert.Contains($"{Bam.Client.Chaos.FaultKinds.Word(kind)}: ", run.Output, StringComparison.Ordinal));
    }

    private Task<ConsoleRun> Run(string line) => ConsoleRun.Of(
        _cluster, cancellation: TestContext.Current.CancellationToken, arguments: [.. line.Split(' '), "--home", _home.Folder]);

    /// <summary>A cluster of one silo that has no process, so that nothing can be hurt.</summary>
    private void Write(ProcessIdentity? keeper) => new ClusterState
    {
        Settings = new ClusterSettings { Silos = 1, PortBase = 31_990 }.Resolve(),
        Keeper = keeper,
        Silos = SiloState.Plan(new ClusterSettings { Silos = 1, PortBase = 31_990 }.Resolve()),
    }.Write(_home);
}
