namespace Bam.Cluster.Faults;

/// <summary>Checkpoints that are damaged on the disk.</summary>
[Collection(nameof(FaultCollection))]
public sealed class DamageTests(FaultCluster faults, ITestOutputHelper output)
{
    private static readonly Dictionary<string, Action<string, Random>> Kinds = new()
    {
        ["flip a bit"] = (folder, random) => Change(Pick(folder, random), bytes => bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8))),
        ["truncate"] = (folder, random) => Cut(Pick(folder, random), random),
        ["append"] = (folder, random) => File.AppendAllText(Pick(folder, random), "more"),
        ["swap"] = (folder, _) =>
        {
            string model = Path.Combine(folder, "model.safetensors"), moments = Path.Combine(folder, "optimizer.safetensors"), aside = Path.Combine(folder, "aside");
            File.Move(model, aside);
            File.Move(moments, model);
            File.Move(aside, moments);
        },
        ["empty"] = (folder, random) => File.WriteAllBytes(Pick(folder, random), []),
        ["remove"] = (folder, random) => File.Delete(Path.Combine(folder, random.Next(2) == 0 ? "model.safetensors" : "state.json")),
    };

    [Fact]
    public async Task A_damaged_checkpoint_is_named_set_aside_and_the_one_before_is_used()
    {
        await faults.Begin();
        var random = FaultSeed.Of("damage");
        var kinds = Kinds.Keys.ToArray();
        random.Shuffle(kinds);
        var orders = FaultRun.Models.Zip(kinds, (member, kind) => (Member: member, Kind: kind, Order: faults.Orders.Order("freeze", "save-pruned", member, 40))).ToList();
        await faults.Launch("damage");

        var waiting = orders.ToList();
        while (waiting.Count > 0)
        {
            var (member, kind, order) = await Next(waiting);
            var frozen = await faults.Orders.UntilFired(order);
            Kinds[kind](Path.Combine(faults.Cluster.StoreOf("damage", member), "step-00000040"), random);
            Signals.Send(frozen.Process, Signals.Kill);
            waiting.RemoveAll(item => item.Order == order);
        }

        var ended = await faults.Cluster.Completed("damage");

        foreach (var (member, kind, order) in orders)
        {
            FaultReport.Add(output, $"kill and {kind}", member, faults.Recovery("damage", member, faults.Orders.Fired(order)!.Value.When));
            Assert.True(Directory.Exists(Path.Combine(faults.Cluster.StoreOf("damage", member), "step-00000040.corrupt")), $"{member}: {kind}");
        }

        var events = await faults.Cluster.Events("damage");
        Assert.All(FaultRun.Models, member =>
        {
            Assert.Single(events, line => line.Contains($"/{member}/step-00000040.corrupt: ", StringComparison.Ordinal));
            Assert.Single(events, line => line.Contains(" resumed ", StringComparison.Ordinal) && line.Contains($"{member}: ", StringComparison.Ordinal) && line.Contains("from step 20: ", StringComparison.Ordinal));
        });
        await faults.AssertWhole(ended);
    }

    [Fact]
    public async Task Without_any_sound_checkpoint_a_branch_fails_with_the_fix_the_others_go_on_and_retry_ends_the_run()
    {
        await faults.Begin();
        var random = FaultSeed.Of("all-damaged");
        var order = faults.Orders.Order("freeze", "save-pruned", "math", 80);
        await faults.Launch("all-damaged");
        var (_, process) = await faults.Orders.UntilFired(order);
        var store = faults.Cluster.StoreOf("all-damaged", "math");
        var copy = Directory.CreateTempSubdirectory("bam-copy-").FullName;
        var published = StoreChecks.Published(store);
        foreach (var folder in published)
        {
            Copy(folder, Path.Combine(copy, Path.GetFileName(folder)));
            Kinds["flip a bit"](folder, random);
        }

        Signals.Send(process, Signals.Kill);
        var failed = await faults.Cluster.Until("all-damaged", view => view.Phase == "failed" || (view.State("math") == "failed" && view.State("law") == "completed" && view.State("code") == "completed"), mayFail: true);
        await faults.Cluster.Until("all-damaged", view => view.Phase == "failed", mayFail: true);
        var shown = (await BamProcess.Run("status", "all-damaged", "--home", faults.Cluster.Home)).Output;

        FaultReport.Add(output, "damage all checkpoints", "math", null);
        Assert.Equal("completed", failed.State("law"));
        Assert.Contains("no sound checkpoint is left", failed.Member("math").GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Contains("restore", shown.Replace("\n", " ", StringComparison.Ordinal), StringComparison.Ordinal);
        foreach (var folder in published)
            Directory.Move(Path.Combine(copy, Path.GetFileName(folder)), folder);
        Directory.Delete(copy, recursive: true);
        (await BamProcess.Run("retry", "all-damaged", "math", "--home", faults.Cluster.Home)).MustSucceed();
        var ended = await faults.Cluster.Until("all-damaged", view => view.Phase == "completed", mayFail: true);
        Assert.All(faults.Hashes, model => Assert.Equal((model.Key, model.Value), (model.Key, ended.Hashes[model.Key])));
    }

    private async Task<(string Member, string Kind, string Order)> Next(List<(string Member, string Kind, string Order)> waiting)
    {
        for (var i = 0; i < 3000; i++)
        {
            if (waiting.FirstOrDefault(item => faults.Orders.Fired(item.Order) is not null) is { Order: not null } next)
                return next;
            await Task.Delay(20);
        }

        throw new TimeoutException($"did not fire: {string.Join(", ", waiting)}");
    }

    private static string Pick(string folder, Random random) =>
        Path.Combine(folder, new[] { "model.safetensors", "optimizer.safetensors", "state.json", "config.json" }[random.Next(4)]);

    private static void Change(string path, Action<byte[]> change)
    {
        var bytes = File.ReadAllBytes(path);
        change(bytes);
        File.WriteAllBytes(path, bytes);
    }

    private static void Cut(string path, Random random)
    {
        using var file = File.OpenWrite(path);
        file.SetLength(random.NextInt64(1, file.Length));
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }
}
