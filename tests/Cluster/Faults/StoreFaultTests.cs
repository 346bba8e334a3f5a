using System.Diagnostics;
using System.Globalization;

namespace Bam.Cluster.Faults;

/// <summary>A store that cannot be written: full, then read-only. Training goes on, the console and the metrics say so, and the save is made up for.</summary>
[Collection(nameof(FaultCollection))]
public sealed class StoreFaultTests(FaultCluster faults, ITestOutputHelper output)
{
    [Fact]
    public async Task A_full_disk_stops_no_training_and_what_could_not_be_saved_is_saved_when_there_is_room_again()
    {
        await faults.Begin();
        using var disk = SmallDisk.Mount(faults.Cluster.StoreOf("full", "law"), megabytes: 4);
        Assert.SkipWhen(disk is null, "this process may not mount a tmpfs: the nospace fault below stands for a full disk");
        disk.Fill();
        await faults.Launch("full");

        var waiting = await faults.Cluster.Until("full", view => view.Step("law") == FaultRun.BranchSteps && view.State("math") == "completed" && view.State("code") == "completed");
        Assert.Equal("training", waiting.State("law"));
        Assert.Matches("not saved|a checkpoint needs", waiting.Member("law").GetProperty("error").GetString());
        Assert.True(await Failures(["storage", "space"]) > 0);
        disk.Empty();
        var ended = await faults.Cluster.Completed("full");

        FaultReport.Add(output, "disk full", "law", null);
        Assert.Equal(0, ended.Restarts);
        Assert.Equal(System.Text.Json.JsonValueKind.Null, ended.Member("law").GetProperty("error").ValueKind);
        await faults.AssertWhole(ended);
    }

    [Fact]
    public async Task A_store_that_becomes_read_only_for_a_while_stops_no_training()
    {
        await faults.Begin();
        using var disk = SmallDisk.Mount(faults.Cluster.StoreOf("read-only", "math"), megabytes: 16);
        Assert.SkipWhen(disk is null, "this process may not mount a tmpfs");
        var slow = faults.Orders.Order("slow", "step", "math", 45);
        await faults.Launch("read-only");
        await faults.Orders.UntilFired(slow);
        disk.Protect();

        var waiting = await faults.Cluster.Until("read-only", view => view.Step("math") == FaultRun.BranchSteps && view.Member("math").GetProperty("error").ValueKind != System.Text.Json.JsonValueKind.Null);
        Assert.Equal(40, waiting.Number("math", "checkpoint_step"));
        disk.Release();
        var ended = await faults.Cluster.Completed("read-only");

        FaultReport.Add(output, "store read-only", "math", null);
        Assert.Equal(0, ended.Restarts);
        await faults.AssertWhole(ended);
    }

    [Fact]
    public async Task Saves_that_fail_now_and_then_are_tried_again_and_cost_nothing()
    {
        await faults.Begin();
        var random = FaultSeed.Of("nospace");
        string[] points = ["save-staged", "save-weights", "save-optimizer", "save-manifest"];
        var orders = FaultRun.Models.Select(member =>
            (Member: member, Order: faults.Orders.Order("nospace", points[random.Next(points.Length)], member, FaultRun.Every * random.Next(1, (FaultRun.Steps(member) / FaultRun.Every) + 1)))).ToArray();

        await faults.Launch("nospace");
        var ended = await faults.Cluster.Completed("nospace");

        Assert.All(orders, order => Assert.NotNull(faults.Orders.Fired(order.Order)));
        foreach (var (member, order) in orders)
            FaultReport.Add(output, string.Join('@', order.Split('@')[..2]), member, null);
        Assert.Equal(0, ended.Restarts);
        await faults.AssertWhole(ended);
    }

    /// <summary>bam_checkpoint_failures_total over all silos, for some reasons.</summary>
    private async Task<double> Failures(string[] reasons)
    {
        using var http = new HttpClient();
        var total = 0.0;
        foreach (var port in faults.Cluster.HttpPorts())
        {
            total += (await http.GetStringAsync($"http://127.0.0.1:{port}/metrics", CancellationToken.None)).Split('\n')
                .Where(line => line.StartsWith("bam_checkpoint_failures_total", StringComparison.Ordinal) && reasons.Any(reason => line.Contains($"reason=\"{reason}\"", StringComparison.Ordinal)))
                .Sum(line => double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture));
        }

        return total;
    }

    /// <summary>A disk of a few megabytes, mounted over a folder.</summary>
    private sealed class SmallDisk : IDisposable
    {
        private readonly string _folder;

        private SmallDisk(string folder) => _folder = folder;

        /// <summary>Null where this process may not mount.</summary>
        public static SmallDisk? Mount(string folder, int megabytes)
        {
            Directory.CreateDirectory(folder);
            return Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "none", folder) ? new SmallDisk(folder) : null;
        }

        public void Fill()
        {
            using var ballast = File.Create(Path.Combine(_folder, ".ballast"));
            var block = new byte[1 << 16];
            try
            {
                while (true)
                {
                    ballast.Write(block);
                    ballast.Flush();
                }
            }
            catch (IOException)
            {
                ballast.SetLength(ballast.Length - (128 << 10));   // room for the fence, not for a checkpoint
            }
        }

        public void Empty() => File.Delete(Path.Combine(_folder, ".ballast"));

        /// <summary>Whoever comes by this path writes nothing. (The disk itself cannot be made read-only while a model's log is open.)</summary>
        public void Protect()
        {
            Assert.True(Run("mount", "--bind", _folder, _folder));
            Assert.True(Run("mount", "-o", "remount,bind,ro", _folder));
        }

        public void Release() => Assert.True(Run("umount", "-l", _folder));

        public void Dispose()
        {
            while (Run("umount", "-l", _folder))
            {
                // one mount at a time
            }
        }

        private static bool Run(string program, params string[] arguments)
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
    }
}
