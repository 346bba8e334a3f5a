using System.Text.Json;

namespace Bam.Cluster.Faults;

/// <summary>Steps that kill, hang, or give no number.</summary>
[Collection(nameof(FaultCollection))]
public sealed class StepFaultTests(FaultCluster faults, ITestOutputHelper output)
{
    [Fact]
    public async Task A_step_that_kills_every_silo_is_given_up_alone_and_retry_ends_the_run()
    {
        await faults.Begin();
        faults.Orders.Order("die", "step", "law", FaultSeed.Of("loop").Next(41, 59), always: true);
        await faults.Launch("loop");

        var failed = await faults.Cluster.Until("loop", view => view.Phase == "failed", mayFail: true);
        var shown = (await BamProcess.Run("status", "loop", "--home", faults.Cluster.Home)).Output;

        FaultReport.Add(output, "die@step, always", "law", null);
        Assert.Equal(("failed", "completed", "completed"), (failed.State("law"), failed.State("math"), failed.State("code")));
        // Five deaths at one checkpoint, after those that came before the checkpoint of step 40 was out.
        var earlier = (await faults.Cluster.Events("loop")).Count(line => line.Contains("law: ", StringComparison.Ordinal) && line.Contains("from step 20", StringComparison.Ordinal));
        Assert.InRange(failed.Number("law", "restarts"), 5, 5 + earlier);
        Assert.Contains("died 5 times in a row", failed.Member("law").GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.NotEmpty(failed.Member("law").GetProperty("log_tail").EnumerateArray());
        Assert.Matches("goes on from step [24]0", shown);   // its last log lines; 20 where it always dies before the checkpoint of step 40 is out
        faults.Orders.Clear();
        (await BamProcess.Run("retry", "loop", "law", "--home", faults.Cluster.Home)).MustSucceed();
        var ended = await faults.Cluster.Until("loop", view => view.Phase == "completed", mayFail: true);
        Assert.All(faults.Hashes, model => Assert.Equal((model.Key, model.Value), (model.Key, ended.Hashes[model.Key])));
    }

    [Fact]
    public async Task A_step_that_never_returns_is_noticed_and_done_again_elsewhere()
    {
        await faults.Begin();
        var random = FaultSeed.Of("hang");
        var member = FaultRun.Models[random.Next(FaultRun.Models.Length)];
        var order = faults.Orders.Order("hang", "step", member, random.Next(1, FaultRun.Steps(member)));
        await faults.Launch("hang", "limits: { step: 3 }");

        var ended = await faults.Cluster.Completed("hang");

        FaultReport.Add(output, "hang@step", member, faults.Recovery("hang", member, faults.Orders.Fired(order)!.Value.When));
        Assert.Equal((1, 1), (ended.Restarts, ended.Number(member, "restarts")));
        Assert.Contains(await faults.Cluster.Events("hang"), line => line.Contains($"{member}: ", StringComparison.Ordinal) && line.Contains("3 s", StringComparison.Ordinal));
        await faults.AssertWhole(ended);
    }

    [Fact]
    public async Task A_checkpoint_that_is_never_written_is_noticed_and_the_model_goes_on_elsewhere()
    {
        await faults.Begin();
        var order = faults.Orders.Order("hang", "save-weights", "math", FaultRun.Every * FaultSeed.Of("unwritten").Next(1, 7));
        await faults.Launch("unwritten", "limits: { checkpoint: 3 }");

        var ended = await faults.Cluster.Completed("unwritten");

        FaultReport.Add(output, "hang@save-weights", "math", faults.Recovery("unwritten", "math", faults.Orders.Fired(order)!.Value.When));
        Assert.Equal((1, 1), (ended.Restarts, ended.Number("math", "restarts")));
        Assert.Contains(await faults.Cluster.Events("unwritten"), line => line.Contains("was not written within 3 s (limit 3 s)", StringComparison.Ordinal));
        await faults.AssertWhole(ended);
    }

    [Fact]
    public async Task A_window_that_gives_no_number_is_left_out_and_nothing_of_it_is_published()
    {
        await faults.Begin();
        var random = FaultSeed.Of("nan");
        var step = random.Next(45, 59);
        var poison = faults.Orders.Order("nan", "step", "law", step);
        var death = faults.Orders.Order("die", "step", "law", 70);
        await faults.Launch("nan");

        var ended = await faults.Cluster.Completed("nan");

        FaultReport.Add(output, "nan@step", "law", null);
        FaultReport.Add(output, "die@step", "law", faults.Recovery("nan", "law", faults.Orders.Fired(death)!.Value.When));
        Assert.NotNull(faults.Orders.Fired(poison));
        using var state = JsonDocument.Parse(File.ReadAllText(Path.Combine(StoreChecks.Published(faults.Cluster.StoreOf("nan", "law"))[^1], "state.json")));
        Assert.Equal([step], state.RootElement.GetProperty("skipped_batches").EnumerateArray().Select(batch => batch.GetInt32()));
        Assert.Equal(1, ended.Number("law", "restarts"));
        Assert.NotEqual(faults.Hashes["law"], ended.Hashes["law"]);
        await faults.AssertWhole(ended, "law", "bam", "btx");   // these have other data; the rest has not
    }
}
