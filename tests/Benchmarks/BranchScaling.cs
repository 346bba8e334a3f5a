using System.Globalization;
using Bam.Client.Clusters;
using Bam.Client.RunFiles;
using Bam.Client.Runs;
using Bam.Contracts.Status;
using Bam.Training.Corpora;

namespace Bam.Benchmarks;

/// <summary>
/// The branches of one run on N devices at once and then on the first of them one after another, each time by a cluster of real silo
/// processes as <c>bam cluster up</c> starts it. The first run trains the seed model (one step) and mixes the branches; the second starts
/// from the same seed model. Says on standard error what it does.
/// </summary>
internal static class BranchScaling
{
    private const string Run = "scaling", Seed = "seed";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60), Pause = TimeSpan.FromSeconds(1);

    public static async Task<Scaling> Measure(BenchmarkOptions options)
    {
        var folder = Path.Combine(options.Folder, $"bam-scaling-{Guid.NewGuid():n}");
        try
        {
            Say("writing corpora");
            BuiltInCorpus.Write(Path.Combine(folder, "data"), seed: 1, trainBytes: 4_000_000, validationBytes: 100_000);
            var many = await Train(options, folder, "many", options.Gpus ?? $"{options.Silos}", "{ domains: { general: 1 }, steps: 1 }");
            Free(folder);
            var one = await Train(options, folder, "one", options.Gpus?.Split(',')[0] ?? "1", $"{{ checkpoint: {many.SeedFolder} }}");
            return new Scaling(
                Branches(one), Branches(many), Seconds(many, 2, 3), (many.Events.First(line => line.Kind == RunEventKind.Mixed).Time - Began(many, 3)).TotalSeconds,
                many.Branches.All(branch => branch.CheckpointHash == one.Branches.Single(other => other.Name == branch.Name).CheckpointHash));
        }
        finally
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<Outcome> Train(BenchmarkOptions options, string folder, string home, string devices, string seedModel)
    {
        var path = new ClusterHome(Path.Combine(folder, home));
        var file = Path.Combine(folder, $"{home}.yaml");
        await File.WriteAllTextAsync(file, RunFile(options, seedModel));
        string[] slots = options.Gpus is null ? ["--silos", devices, "--threads", "1"] : ["--gpus", devices];
        string[] ports = options.PortBase is { } first ? ["--port-base", $"{first}"] : [];
        Say($"{home}: {string.Join(' ', slots)}");
        await BamProgram.Run(["cluster", "up", .. slots, .. ports, "--home", path.Folder]);
        try
        {
            await using var connection = await ClusterConnection.Open(path, Limit, CancellationToken.None);
            return await Watch(new RunConsole(connection.Grains, connection, new Patience(TimeProvider.System)), file, home == "many");
        }
        catch
        {
            foreach (var log in Directory.GetFiles(path.Logs))
                Say($"{log}:\n{string.Join('\n', RotatingLog.Tail(log, 30))}");
            throw;
        }
        finally
        {
            await BamProgram.Run("cluster", "down", "--home", path.Folder);
        }
    }

    /// <summary>Launches the run and waits until its branches are trained, and mixed where that is asked for; the rest of it is cancelled.</summary>
    private static async Task<Outcome> Watch(RunConsole cluster, string file, bool mixes)
    {
        await cluster.Launch(RunFileReader.Read(file), CancellationToken.None);
        var (events, phase) = (new List<RunEvent>(), (RunPhase?)null);
        while (true)
        {
            var status = (await cluster.GetStatus(Run, CancellationToken.None))!;
            if (status.Phase != phase)
                Say($"{phase = status.Phase}");
            while (await cluster.ReadEvents(Run, events.Count, CancellationToken.None) is { Events: { Count: > 0 } page })
                events.AddRange(page);
            if (status.Phase is RunPhase.Failed or RunPhase.Cancelled)
                throw new InvalidOperationException($"the run ended as {status.Phase}: {status.Error}");
            if (status.Members.FirstOrDefault(member => member.Restarts > 0) is { } again)
                throw new InvalidOperationException($"{again.Name} was started again, which spoils the times: {again.Error}");
            if (mixes ? events.Any(line => line.Kind == RunEventKind.Mixed) : status.Phase > RunPhase.Branch)
            {
                await cluster.Cancel(Run, CancellationToken.None);
                return new Outcome([.. status.Members.Where(member => member.Kind == MemberKind.Branch)], events, status.Members[0].CheckpointFolder!);
            }

            await Task.Delay(Pause);
        }
    }

    private static string RunFile(BenchmarkOptions options, string seedModel)
    {
        var (shape, train) = (options.Shape(), options.Train());
        var precision = options.Gpus is null ? "fp32" : "bf16";
        var domains = BuiltInCorpus.Domains;
        var branches = Enumerable.Range(0, options.Branches).Select(i =>
            $"  b{i + 1}: {{ domains: {{ {domains[i % domains.Count]}: 1 }}, steps: {options.Steps} }}");
        return string.Create(CultureInfo.InvariantCulture, $$"""
            name: {{Run}}
            seed: 1
            model:
              layers: {{shape.Layers}}
              width: {{shape.Width}}
              heads: {{shape.Heads}}
              kv_heads: {{shape.KvHeads}}
              ffn: {{shape.Ffn}}
              context: {{shape.Context}}
              vocab: {{Math.Max(shape.Vocab, 320)}}
            domains:
            {{string.Join('\n', domains.Select(domain => $"  {domain}: {{ train: data/{domain}.train.jsonl, validation: data/{domain}.validation.jsonl }}"))}}
            train: { batch: {{train.Batch}}, learning_rate: 3e-4, precision: {{precision}} }
            seed_model: {{seedModel}}
            branches:
            {{string.Join('\n', branches)}}
            include_seed_as_expert: false
            mixtures: { bam: { steps: 1, train: { batch: 1 } } }
            checkpoints: { every: {{options.Steps}}, keep: 2 }
            evaluate: { every: 0, tokens: {{4 * shape.Context}} }
            """);
    }

    private static Scaling.Phase Branches(Outcome outcome) => new(Seconds(outcome, 1, 2),
    [
        .. outcome.Branches.Select(branch => new Scaling.Branch(
            branch.Name, outcome.Event(RunEventKind.Started, branch.Name).Text["on ".Length..], branch.Tokens,
            (outcome.Event(RunEventKind.MemberCompleted, branch.Name).Time - Began(outcome, 1)).TotalSeconds, branch.Spent, branch.CheckpointHash!)),
    ]);

    /// <summary>Time from the beginning of one phase to that of another; phases are numbered from the seed model's, 0.</summary>
    private static double Seconds(Outcome outcome, int from, int to) => (Began(outcome, to) - Began(outcome, from)).TotalSeconds;

    private static DateTimeOffset Began(Outcome outcome, int phase) => outcome.Events.Where(line => line.Kind == RunEventKind.PhaseBegan).ElementAt(phase).Time;

    /// <summary>Makes room: of the first run only the seed model is needed.</summary>
    private static void Free(string folder)
    {
        foreach (var model in Directory.GetDirectories(Path.Combine(folder, "many", "store", Run)).Where(model => Path.GetFileName(model) != Seed))
            Directory.Delete(model, recursive: true);
    }

    private static void Say(string what) => Console.Error.WriteLine($"{DateTime.UtcNow:HH:mm:ss} {what}");

    private sealed record Outcome(IReadOnlyList<MemberStatus> Branches, IReadOnlyList<RunEvent> Events, string SeedFolder)
    {
        public RunEvent Event(RunEventKind kind, string member) => Events.Single(line => line.Kind == kind && line.Member == member);
    }
}
