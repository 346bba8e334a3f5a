using System.Diagnostics;
using Bam.Contracts.Runs;
using Bam.Training.Model;
using Bam.Training.Optimization;
using Bam.Training.Tests.Model;
using TorchSharp;

namespace Bam.Training.Tests.Optimization;

/// <summary>
/// TorchSharp frees what managed code no longer sees while native code may still read it. A training step must hold on to all it uses:
/// beside a collector that never rests it must do what it does alone.
/// </summary>
public sealed class GarbageCollectionTests
{
    // A busy machine needs longer than the five seconds for them; fewer would be no test of anything.
    private const int FewestSteps = 20;

    [Theory]
    [InlineData("BAM, KV experts", Precision.Float32)]
    [InlineData("BAM, all experts, renormalised", Precision.BFloat16)]
    public void Training_beside_a_restless_collector_gives_the_bits_of_training_alone(string shape, Precision precision)
    {
        var (stressed, weights) = Train(Shapes.All[shape], precision, steps: int.MaxValue, TimeSpan.FromSeconds(5), stress: true);

        var (quiet, expected) = Train(Shapes.All[shape], precision, stressed.Count, TimeSpan.MaxValue, stress: false);

        Assert.Equal(quiet, stressed);
        Assert.Equal(expected, weights);
    }

    private static (List<StepReading> Readings, float[] Weights) Train(
        ModelConfig config, Precision precision, int steps, TimeSpan limit, bool stress)
    {
        var spec = new TrainSpec { Batch = 4, Warmup = 5, Precision = precision };
        using var parameters = ParameterSet.Random(
            config, seed: 5, torch.CPU, precision == Precision.BFloat16 ? torch.ScalarType.BFloat16 : torch.ScalarType.Float32);
        using var model = new Transformer(parameters);
        using var optimizer = new AdamW(parameters, spec);
        var trainer = new Trainer(model, optimizer, new RandomBatches(config.Vocab), spec, steps: 1_000_000);
        var readings = new List<StepReading>();
        using var ended = new CancellationTokenSource();
        var collector = new Thread(() => Collect(ended.Token));
        if (stress)
            collector.Start();
        try
        {
            var began = Stopwatch.GetTimestamp();
            while (readings.Count < steps && (readings.Count <= FewestSteps || Stopwatch.GetElapsedTime(began) < limit))
                readings.Add(trainer.Advance(read: true)! with { Routing = [] });
        }
        finally
        {
            ended.Cancel();
            if (stress)
                collector.Join();
        }

        return (readings, [.. parameters.Masters.SelectMany(tensor => tensor.data<float>().ToArray())]);
    }

    private static void Collect(CancellationToken ended)
    {
        var kept = new object[1024];
        for (var i = 0; !ended.IsCancellationRequested; i++)
        {
            kept[i % kept.Length] = new byte[4096];
            if (i % 64 == 0)
                GC.Collect(0);
        }
    }
}
