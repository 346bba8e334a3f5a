using System.Text.Json;
using Bam.Benchmarks;
using Bam.Training.Model;
using Bam.Training.Native;

var options = BenchmarkOptions.Parse(args.Length > 0 ? args[1..] : []);
switch (args.FirstOrDefault())
{
    case "grain-overhead":
        var rounds = await GrainOverhead.Measure(options);
        var ratio = rounds.Select(round => round.Grain / round.Bare).Order().ElementAt(rounds.Count / 2);
        Console.WriteLine(JsonSerializer.Serialize(new { options, rounds, ratio }, BenchmarkOptions.Json));
        return 0;
    case "status-polls":
        var polled = await GrainOverhead.MeasurePolled(options);
        var kept = polled.Select(round => round.Polled / round.Quiet).Order().ElementAt(polled.Count / 2);
        Console.WriteLine(JsonSerializer.Serialize(new { options, rounds = polled, ratio = kept }, BenchmarkOptions.Json));
        return 0;
    case "cpu-limit":
        var config = ModelConfig.Dense(options.Shape(), "bytes", 257);
        var limits = CpuLimit.Measure(options, config);
        var share = limits.Select(round => round.Float32Step / round.Float32Product).Order().ElementAt(limits.Count / 2);
        var gain = limits.Select(round => round.BFloat16Step / round.Float32Step).Order().ElementAt(limits.Count / 2);
        Console.WriteLine(JsonSerializer.Serialize(new { options, limits, share, shareWithMasked = share * CpuLimit.WithMasked(config), gain }, BenchmarkOptions.Json));
        return 0;
    case "mix":
        Console.WriteLine(JsonSerializer.Serialize(new { options, mixes = MixCost.Measure(options) }, BenchmarkOptions.Json));
        return 0;
    case "train-step":
        TorchLibrary.Load();
        foreach (var result in TrainStep.Measure(options))
            Console.WriteLine(JsonSerializer.Serialize(result, BenchmarkOptions.Line));
        return 0;
    case "loss-curves":
        TorchLibrary.Load();
        foreach (var result in LossCurves.Measure(options))
            Console.WriteLine(JsonSerializer.Serialize(result, BenchmarkOptions.Line));
        return 0;
    case "scrape-cost" or "page-cost":
        var windows = await ScrapeCost.Measure(options, args[0] == "page-cost" ? ScrapeCost.Page : ScrapeCost.Metrics);
        var cost = 1 - windows.Select(round => round.Scraped / round.Alone).Order().ElementAt(windows.Count / 2);
        var cores = windows.Select(round => round.ScrapedCores - round.AloneCores).Order().ElementAt(windows.Count / 2);
        Console.WriteLine(JsonSerializer.Serialize(new { options, windows, cost, cores }, BenchmarkOptions.Json));
        return 0;
    case "branch-scaling":
        var scaling = await BranchScaling.Measure(options);
        await (options.IsJson ? Console.Error : Console.Out).WriteLineAsync(ScalingTable.Of(options, scaling));
        if (options.IsJson)
            Console.WriteLine(JsonSerializer.Serialize(new { options, scaling }, BenchmarkOptions.Json));
        return 0;
    case "recovery":
        var recoveries = await RecoveryTimes.Measure(options);
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            options.Rounds,
            kinds = recoveries.GroupBy(recovery => recovery.Kind).Select(kind => new
            {
                kind = kind.Key,
                median = kind.Select(recovery => recovery.Seconds).Order().ElementAt(kind.Count() / 2),
                worst = kind.Max(recovery => recovery.Seconds),
                lostSteps = kind.Sum(recovery => recovery.LostSteps),
                othersDisturbed = kind.Sum(recovery => recovery.OthersDisturbed),
            }),
        }, BenchmarkOptions.Json));
        return 0;
    case "false-alarms":
        Console.WriteLine(JsonSerializer.Serialize(await FalseAlarms.Measure(options), BenchmarkOptions.Json));
        return 0;
    case "checkpoint-stall":
        Console.WriteLine(JsonSerializer.Serialize(CheckpointStall.Measure(options), BenchmarkOptions.Json));
        return 0;
    default:
        await Console.Error.WriteLineAsync("""
            usage: Benchmarks grain-overhead [--device cpu|cuda] [--model tiny|small|110m] [--batch N] [--steps N] [--rounds N] [--threads N]
                   Benchmarks train-step [--model all|dense,btx,bam,bam-kv,dense-small,bam-small] [--steps N] [--path fused|twins|plain] [--profile on]
                              [--recompute on] [--optimizer-states bf16]
                   Benchmarks loss-curves --text FILE [--model all|dense,bam,bam-kv,btx] [--steps N]
                   Benchmarks cpu-limit [--model tiny|small|12m|110m] [--threads N] [--batch N] [--steps N] [--rounds N]
                   Benchmarks scrape-cost|page-cost [--model tiny|small] [--batch N] [--rounds N]
                   Benchmarks status-polls [the same options]
                   Benchmarks recovery [--rounds N] [--branches 2|3] [--model tiny|small] [--batch N]
                   Benchmarks false-alarms [--minutes N] [--model tiny|small] [--batch N]
                   Benchmarks checkpoint-stall [--minutes N] [--threads N] [--folder PATH]
                   Benchmarks mix [--preset tiny|small|110m|paper-590m] [--experts N] [--folder PATH]
                   Benchmarks branch-scaling [--gpus LIST | --silos N] [--model tiny|small|110m|518m] [--batch N] [--steps N] [--branches N]
                                             [--folder PATH] [--port-base PORT] [--json]
            """);
        return 2;
}
