using System.Diagnostics;
using Bam.Cluster;

namespace Bam.Benchmarks;

/// <summary>Three silos that train while other processes want every core: how often one was taken for dead, or a model started again, though nothing had happened.</summary>
internal static class FalseAlarms
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    /// <param name="Minutes">Length.</param>
    /// <param name="Burners">Processes beside the cluster that never wait.</param>
    /// <param name="Restarts">Attempts beyond the first, of all branches.</param>
    /// <param name="SilosLost">Silo processes that ended.</param>
    /// <param name="Steps">Steps done meanwhile.</param>
    public sealed record Soak(double Minutes, int Burners, long Restarts, int SilosLost, long Steps);

    public static async Task<Soak> Measure(BenchmarkOptions options)
    {
        await using var cluster = await TestCluster.Up(silos: 3);
        await LongRun.Launch(cluster, options, LongRun.Branches);
        var before = cluster.Processes();
        var first = await cluster.Status(LongRun.Name);
        var burners = Enumerable.Range(0, 2 * Environment.ProcessorCount)
            .Select(_ => Process.Start(new ProcessStartInfo("sh", ["-c", "while :; do :; done"]))!).ToArray();
        try
        {
            var began = Stopwatch.GetTimestamp();
            var last = first;
            while (Stopwatch.GetElapsedTime(began).TotalMinutes < options.Minutes)
            {
                await Task.Delay(Pause);
                last = await cluster.Status(LongRun.Name);
            }

            var after = cluster.Processes();
            return new Soak(
                options.Minutes, burners.Length, (long)LongRun.Branches.Sum(branch => last.Number(branch, "attempt") - 1),
                before.Count(silo => after.GetValueOrDefault(silo.Key) != silo.Value), LongRun.Branches.Sum(branch => last.Step(branch) - first.Step(branch)));
        }
        finally
        {
            foreach (var burner in burners)
            {
                burner.Kill();
                burner.Dispose();
            }
        }
    }
}
