using Bam.Client.Benches;
using Bam.Client.Plans;
using Bam.Contracts.Runs;

namespace Bam.Client.Tests.Plans;

/// <summary>
/// Peaks that <c>bam bench PRESET --model MODEL --batch N --device cuda [--recompute] [--optimizer-states bf16]</c> measured on an H100
/// (libtorch 2.11, 2026-11-26 and 27), in GiB, against what <c>bam plan</c> says of the same.
/// </summary>
public sealed class A_measured_step
{
    [Theory]
    [InlineData("518m", "dense", 8, false, false, 23.52)]
    [InlineData("518m", "bam", 4, false, false, 42.79)]
    [InlineData("518m", "btx", 8, false, false, 35.57)]
    [InlineData("518m", "bam-kv", 4, false, false, 38.53)]
    [InlineData("110m", "dense", 32, false, false, 12.80)]
    [InlineData("110m", "bam", 16, false, false, 15.73)]
    [InlineData("110m", "dense", 4, false, false, 3.40)]
    [InlineData("518m", "dense", 1, false, false, 10.16)]
    [InlineData("small", "bam", 16, false, false, 1.18)]
    [InlineData("518m", "dense", 8, true, false, 10.87)]
    [InlineData("518m", "dense", 8, false, true, 21.59)]
    [InlineData("518m", "bam", 4, true, false, 31.88)]
    [InlineData("518m", "btx", 8, true, false, 25.26)]
    [InlineData("518m", "btx", 8, true, true, 19.77)]
    [InlineData("518m", "bam-kv", 4, true, false, 28.01)]
    public void Took_the_memory_that_was_planned_within_a_tenth(string preset, string name, int batch, bool recompute, bool halfStates, double measured)
    {
        var model = BenchModel.Of(preset, name, experts: 4);
        var train = model.Train with
        {
            Batch = batch, Precision = Precision.BFloat16, Recompute = recompute, OptimizerStates = halfStates ? Precision.BFloat16 : Precision.Float32,
        };

        Assert.InRange(MemoryPlan.Of(model.Config, train).Total / (measured * (1L << 30)), 0.9, 1.1);
    }
}
