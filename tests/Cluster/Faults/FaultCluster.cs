namespace Bam.Cluster.Faults;

/// <summary>Three silos that do what is ordered of them, and the weights of a run that nothing disturbed.</summary>
public sealed class FaultCluster : IAsyncLifetime
{
    internal TestCluster Cluster { get; private set; } = null!;

    internal FaultOrders Orders { get; private set; } = null!;

    /// <summary>SHA-256 of each model's last weights, when nothing happens.</summary>
    internal IReadOnlyDictionary<string, string> Hashes { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Cluster = await TestCluster.Up(silos: 3);
        Orders = new FaultOrders(Cluster.Faults);
        SmallRun.WriteTexts(Cluster.Home);
        await Launch("undisturbed");
        var ended = await Cluster.Completed("undisturbed");
        Hashes = ended.Hashes;
        Assert.Equal(0, ended.Restarts);
    }

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();

    /// <summary>A test begins: all silos are up, and nothing is ordered.</summary>
    internal async Task Begin()
    {
        // First of all: whatever fails, its output says how to have the same faults again.
        TestContext.Current.TestOutputHelper?.WriteLine($"BAM_FAULT_SEED={FaultSeed.Value}");
        Orders.Clear();
        await Cluster.Start(silos: 3);
    }

    internal Task Launch(string run, string more = "") => Cluster.Launch(FaultRun.Write(Cluster.Home, run, more));

    /// <summary>From a fault to the first step that a later attempt finished; null when there is none.</summary>
    internal TimeSpan? Recovery(string run, string member, DateTime fault) => Cluster.Lines()
        .Where(line => line.Time > fault && line.Text.Contains($"{member}: attempt ", StringComparison.Ordinal) && line.Text.Contains("did its first step", StringComparison.Ordinal))
        .Select(line => line.Time - fault).Order().Select(time => (TimeSpan?)time).FirstOrDefault();

    /// <summary>Checks what must hold of every run that has ended: the bits, the log and the tokens.</summary>
    internal async Task AssertWhole(RunView ended, params string[] different)
    {
        Assert.Equal("completed", ended.Phase);
        Assert.All(Hashes.Where(model => !different.Contains(model.Key)), model => Assert.Equal((model.Key, model.Value), (model.Key, ended.Hashes[model.Key])));
        Assert.All(FaultRun.Models, member =>
        {
            Assert.Equal(FaultRun.Steps(member) * FaultRun.Batch * FaultRun.Context, ended.Number(member, "tokens"));
            StoreChecks.AssertSound(Cluster.StoreOf(ended.Name, member), FaultRun.Batch, FaultRun.Context);
        });
        var events = await Cluster.Events(ended.Name);
        Assert.Equal(ended.Restarts, events.Count(line => line.Contains(" resumed ", StringComparison.Ordinal) && !line.Contains("it was stopped", StringComparison.Ordinal)));
    }
}
