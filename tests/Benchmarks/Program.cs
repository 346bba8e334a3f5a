using System.Text.Json;
using Bam.Benchmarks;

if (args is not ["grain-overhead", ..])
{
    await Console.Error.WriteLineAsync("usage: Benchmarks grain-overhead [--device cpu|cuda] [--model tiny|small|110m] [--batch N] [--steps N] [--rounds N] [--threads N]");
    return 2;
}

var options = BenchmarkOptions.Parse(args[1..]);
var rounds = await GrainOverhead.Measure(options);
var ratio = rounds.Select(round => round.Grain / round.Bare).Order().ElementAt(rounds.Count / 2);
Console.WriteLine(JsonSerializer.Serialize(new { options, rounds, ratio }, BenchmarkOptions.Json));
return 0;
