using System.Text.Json;
using Bam.Benchmarks;
using Bam.Training.Native;

var options = BenchmarkOptions.Parse(args.Length > 0 ? args[1..] : []);
switch (args.FirstOrDefault())
{
    case "grain-overhead":
        var rounds = await GrainOverhead.Measure(options);
        var ratio = rounds.Select(round => round.Grain / round.Bare).Order().ElementAt(rounds.Count / 2);
        Console.WriteLine(JsonSerializer.Serialize(new { options, rounds, ratio }, BenchmarkOptions.Json));
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
    default:
        await Console.Error.WriteLineAsync("""
            usage: Benchmarks grain-overhead [--device cpu|cuda] [--model tiny|small|110m] [--batch N] [--steps N] [--rounds N] [--threads N]
                   Benchmarks train-step [--model all|dense,btx,bam,bam-kv,dense-small,bam-small] [--steps N] [--path fused|plain] [--profile on]
                              [--recompute on] [--optimizer-states bf16]
                   Benchmarks loss-curves --text FILE [--model all|dense,bam,bam-kv,btx] [--steps N]
                   Benchmarks mix [--preset tiny|small|110m|paper-590m] [--experts N] [--folder PATH]
            """);
        return 2;
}
