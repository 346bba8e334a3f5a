using System.Diagnostics;
using System.Reflection;
using System.Text.Json;

namespace Bam.Cluster;

/// <summary>The benchmark of branches on several devices, on slots of one core each: that it measures right, not that it is fast.</summary>
public sealed class ScalingTests
{
    // Steps enough to be seen in training: the coordinator asks once a second, and a branch that is done by then tells no device.
    private const int Branches = 3, Steps = 100, Batch = 4, Context = 128;

    private static readonly string Program = Path.GetFullPath(typeof(ScalingTests).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "BenchmarksProgram").Value!);

    [Fact]
    public async Task Branches_on_two_devices_at_once_end_with_the_bits_that_one_device_gives_them_one_after_another()
    {
        var folder = Directory.CreateTempSubdirectory("bam-scaling-test-").FullName;
        try
        {
            var (exitCode, output, error) = await Run(folder);
            Assert.True(exitCode == 0, error);
            using var document = JsonDocument.Parse(output);
            var scaling = document.RootElement.GetProperty("scaling");

            Assert.True(scaling.GetProperty("same_weights").GetBoolean());
            AssertPhase(scaling.GetProperty("one"), devices: 1);
            AssertPhase(scaling.GetProperty("many"), devices: 2);
            Assert.All(["gather_seconds", "mix_seconds", "training_efficiency", "wall_efficiency"], key => Assert.InRange(scaling.GetProperty(key).GetDouble(), 1e-3, 1e3));
            Assert.Contains("| efficiency | ", error, StringComparison.Ordinal);
            Assert.Empty(Directory.GetFileSystemEntries(folder));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Every branch was trained whole, and the seconds of a device add up to those of the phase.</summary>
    private static void AssertPhase(JsonElement phase, int devices)
    {
        var (wall, branches) = (phase.GetProperty("wall_seconds").GetDouble(), phase.GetProperty("branches").EnumerateArray().ToArray());
        Assert.Equal(["b1", "b2", "b3"], branches.Select(branch => branch.GetProperty("name").GetString()));
        Assert.All(branches, branch => Assert.Equal(Steps * Batch * Context, branch.GetProperty("tokens").GetInt64()));
        Assert.Equal(devices, branches.Select(branch => branch.GetProperty("device").GetString()).Distinct().Count());
        foreach (var device in phase.GetProperty("devices").EnumerateArray())
        {
            var spent = device.GetProperty("spent");
            Assert.All(["preparing", "stepping", "saving", "evaluating"], key => Assert.InRange(spent.GetProperty(key).GetDouble(), 1e-6, wall));
            var (idle, coordination) = (device.GetProperty("idle_seconds").GetDouble(), device.GetProperty("coordination_seconds").GetDouble());
            Assert.InRange(idle, 0, wall);
            Assert.InRange(coordination, 0, wall);
            Assert.Equal(wall, spent.GetProperty("total").GetDouble() + idle + coordination, tolerance: 1e-6);
        }
    }

    private static async Task<(int ExitCode, string Output, string Error)> Run(string folder)
    {
        using var process = Process.Start(new ProcessStartInfo(
            "dotnet",
            [
                Program, "branch-scaling", "--silos", "2", "--model", "tiny", "--batch", $"{Batch}", "--steps", $"{Steps}", "--branches", $"{Branches}",
                "--folder", folder, "--port-base", $"{21_000 + (Environment.ProcessId % 400 * 12)}", "--json",
            ])
        { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await error);
    }
}
