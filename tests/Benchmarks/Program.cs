using System.Text.Json;
using Bam.Benchmarks;

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
    case "checkpoint-stall":
        Console.WriteLine(JsonSerializer.Serialize(CheckpointStall.Measure(options), BenchmarkOptions.Json));
        return 0;
    default:
        await Console.Error.WriteLineAsync("""
            usage: Benchmarks grain-overhead [--device cpu|cuda] [--model tiny|small|110m] [--batch N] [--steps N] [--rounds N] [--threads N]
                   Benchmarks checkpoint-stall [--minutes N] [--threads N] [--folder PATH]
                   Benchmarks mix [--preset tiny|small|110m|paper-590m] [--experts N] [--folder PATH]
            """);
        return 2;
}
