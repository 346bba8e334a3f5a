using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Bam.Cluster.Faults;

/// <summary>
/// Runs one after another under <c>bam chaos</c>, until the time is up: <c>BAM_SOAK_MINUTES</c> (default: one run), a fault about every
/// <c>BAM_SOAK_MTBF</c> (default 5s), drawn from <c>BAM_FAULT_SEED</c>. Each must end with the bits of the undisturbed run.
/// </summary>
[Collection(nameof(FaultCollection))]
public sealed class SoakTests(FaultCluster faults, ITestOutputHelper output)
{
    private static readonly TimeSpan Time = TimeSpan.FromMinutes(
        double.TryParse(Environment.GetEnvironmentVariable("BAM_SOAK_MINUTES"), CultureInfo.InvariantCulture, out var minutes) ? minutes : 0);

    private static readonly string Mtbf = Environment.GetEnvironmentVariable("BAM_SOAK_MTBF") is { Length: > 0 } given ? given : "5s";

    [Fact]
    public async Task Under_chaos_no_run_loses_anything_and_each_ends_with_the_same_bits()
    {
        await faults.Begin();
        await faults.Cluster.Launch(ChaosRun.Write(faults.Cluster.Home, ChaosRun.Reference));
        await faults.Cluster.Completed(ChaosRun.Reference);

        var (began, recoveries, runs, count) = (Stopwatch.GetTimestamp(), new Dictionary<string, List<double>>(), 0, 0);
        do
        {
            foreach (var fault in await Disturb($"chaos-{++runs}", FaultSeed.Value + runs - 1))
            {
                count++;
                var times = recoveries.TryGetValue(fault.Kind, out var known) ? known : recoveries[fault.Kind] = [];
                if (fault.Recovery is { } recovery)
                    times.Add(recovery);
            }
        }
        while (Stopwatch.GetElapsedTime(began) < Time);

        output.WriteLine($"{runs} runs, {count} faults about every {Mtbf}, seeds {FaultSeed.Value} to {FaultSeed.Value + runs - 1}");
        foreach (var (kind, times) in recoveries.OrderBy(kind => kind.Key, StringComparer.Ordinal))
        {
            times.Sort();
            output.WriteLine(times.Count == 0 ? $"{kind}: nothing to recover" : string.Create(CultureInfo.InvariantCulture, $"{kind}: {times.Count} recoveries, median {times[times.Count / 2]:0.0} s, worst {times[^1]:0.0} s"));
        }

        Assert.True(count > 0, "the run ended before the first fault");
    }

    /// <summary>Launches a copy of the run and disturbs it to its end.</summary>
    /// <returns>Kind and recovery time of each fault.</returns>
    private async Task<IReadOnlyList<(string Kind, double? Recovery)>> Disturb(string run, int seed)
    {
        await faults.Cluster.Launch(ChaosRun.Write(faults.Cluster.Home, run));
        var outcome = await BamProcess.Run(
            [], TimeSpan.FromMinutes(15), "chaos", run, "--seed", $"{seed}", "--mtbf", Mtbf, "--reference", ChaosRun.Reference, "--json", "--home", faults.Cluster.Home);
        foreach (var line in outcome.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            output.WriteLine(line);
        if (outcome.ExitCode != 0)
            output.WriteLine(outcome.Output);
        Assert.Equal(0, outcome.ExitCode);

        using var report = JsonDocument.Parse(outcome.Output);
        Assert.Equal("completed", report.RootElement.GetProperty("phase").GetString());
        Assert.DoesNotContain(report.RootElement.GetProperty("unchecked").EnumerateArray(), what => what.GetString()!.StartsWith("the final bits", StringComparison.Ordinal));
        return [.. report.RootElement.GetProperty("faults").EnumerateArray().Select(fault => (
            fault.GetProperty("kind").GetString()!, fault.GetProperty("recovery") is { ValueKind: JsonValueKind.Number } time ? time.GetDouble() : (double?)null))];
    }
}
