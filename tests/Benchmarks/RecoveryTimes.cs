using System.Globalization;
using Bam.Cluster;

namespace Bam.Benchmarks;

/// <summary>
/// From a fault to the first new step of the model that it hit, read off the silos' logs: <c>kill</c> (SIGKILL), <c>hang</c> (SIGSTOP, killed once
/// the model trains elsewhere) and <c>stop</c> (SIGTERM) of a silo that trains, one of three, in turn. With two branches a silo is free and takes
/// the model over; with three the model waits until the keeper has started its silo again.
/// </summary>
internal static class RecoveryTimes
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2), Rest = TimeSpan.FromSeconds(4);

    /// <param name="Kind">What was done to the silo.</param>
    /// <param name="Seconds">From the signal to the first new step.</param>
    /// <param name="LostSteps">Steps done again.</param>
    /// <param name="OthersDisturbed">Branches on other silos that began a new attempt.</param>
    public sealed record Recovery(string Kind, double Seconds, double LostSteps, int OthersDisturbed);

    public static async Task<List<Recovery>> Measure(BenchmarkOptions options)
    {
        await using var cluster = await TestCluster.Up(silos: 3);
        var branches = LongRun.Branches.Take(options.Branches).ToArray();
        await LongRun.Launch(cluster, options, branches);
        var recoveries = new List<Recovery>();
        for (var round = 0; round < options.Rounds; round++)
        {
            foreach (var (kind, signal) in new[] { ("kill", Signals.Kill), ("hang", Signals.Stop), ("stop", Signals.Terminate) })
            {
                await Calm(cluster);
                recoveries.Add(await Hit(cluster, branches, branches[recoveries.Count % branches.Length], kind, signal));
                await Console.Error.WriteLineAsync($"{recoveries[^1]}");
            }
        }

        return recoveries;
    }

    /// <summary>Waits until every silo serves again, and a little longer: one that still starts has taken no part of the work over yet.</summary>
    private static async Task Calm(TestCluster cluster)
    {
        var since = DateTime.UtcNow;
        foreach (var port in cluster.HttpPorts())
        {
            while (await TestCluster.Get(port, "/health/ready") is null)
            {
                if (DateTime.UtcNow - since > Limit)
                    throw new TimeoutException($"the silo on HTTP port {port} did not come back");
                await Task.Delay(200);
            }
        }

        await Task.Delay(Rest);
    }

    private static async Task<Recovery> Hit(TestCluster cluster, string[] branches, string branch, string kind, int signal)
    {
        var before = await cluster.Until(LongRun.Name, view => branches.All(name => view.State(name) == "training" && view.SiloOf(name) is not null));
        var lost = await Lost(cluster, branch);
        var process = cluster.Processes()[before.SiloOf(branch)!];
        var fault = DateTime.UtcNow;
        Signals.Send(process, signal);
        var seconds = await FirstStep(cluster, branch, fault);
        if (signal == Signals.Stop)
            Signals.Send(process, Signals.Kill);
        var after = await cluster.Until(LongRun.Name, view => view.Number(branch, "attempt") > before.Number(branch, "attempt") && view.State(branch) == "training");
        var others = branches.Count(name => name != branch && after.Number(name, "attempt") != before.Number(name, "attempt"));
        return new Recovery(kind, seconds, await Lost(cluster, branch) - lost, others);
    }

    private static async Task<double> FirstStep(TestCluster cluster, string branch, DateTime fault)
    {
        while (DateTime.UtcNow - fault < Limit)
        {
            var line = cluster.Lines().FirstOrDefault(line => line.Time > fault
                && line.Text.Contains($"{branch}: attempt ", StringComparison.Ordinal) && line.Text.Contains("did its first step", StringComparison.Ordinal));
            if (line.Text is not null)
                return (line.Time - fault).TotalSeconds;
            await Task.Delay(200);
        }

        throw new TimeoutException($"{branch} did not train again");
    }

    /// <summary><c>bam_steps_lost_total</c> of a branch in the run's life, as its coordinator tells it.</summary>
    private static async Task<double> Lost(TestCluster cluster, string branch)
    {
        var lost = 0.0;
        foreach (var port in cluster.HttpPorts())
        {
            foreach (var line in (await TestCluster.Get(port, "/metrics") ?? "").Split('\n'))
            {
                if (line.StartsWith("bam_steps_lost_total{", StringComparison.Ordinal) && line.Contains($"branch=\"{branch}\"", StringComparison.Ordinal))
                    lost = Math.Max(lost, double.Parse(line.Split("} ")[1].Split(' ')[0], CultureInfo.InvariantCulture));
            }
        }

        return lost;
    }
}
