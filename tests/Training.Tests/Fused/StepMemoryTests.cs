using Bam.Contracts.Runs;
using Bam.Training.Fused;
using Bam.Training.Kernels;
using Bam.Training.Model;
using Bam.Training.Tests.Model;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Fused;

public sealed class StepMemoryTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 24)];

    [Theory, MemberData(nameof(Seeds))]
    public void What_a_step_holds_is_counted_to_the_byte(int seed)
    {
        using var scope = NewDisposeScope();
        var config = RandomCase.Draw(seed).Config;
        var train = new TrainSpec { Batch = 1 + seed % 3, Precision = Precision.BFloat16, Recompute = seed % 2 == 0 };
        using var parameters = new ParameterSet(config, CPU, ScalarType.BFloat16, flat: true);
        using var step = new FusedStep(parameters, new PlainKernels(), train.Batch, train.Recompute);
        var held = parameters.Flat!.Layout.Pieces.Where(piece => piece.Groups == 1).Sum(piece => sizeof(ushort) * piece.Count);

        Assert.Equal(step.Bytes - held, StepMemory.Held(config, train));
    }

    [Fact]
    public void Moments_in_bfloat16_halve_and_recomputing_saves_what_blocks_keep()
    {
        var config = new ModelConfig { Vocab = 32_768, Layers = 24, Width = 1280, Heads = 20, KvHeads = 20, Ffn = 3456, Context = 2048 };
        var train = new TrainSpec { Batch = 8, Precision = Precision.BFloat16 };
        var (all, halved, again) = (
            StepMemory.Of(config, train)!, StepMemory.Of(config, train with { OptimizerStates = Precision.BFloat16 })!,
            StepMemory.Of(config, train with { Recompute = true })!);

        Assert.Equal(all.Moments, 2 * halved.Moments);
        // 23 of 24 blocks keep nothing: norm, q, k, v, gate and up, heads twice, hidden.
        Assert.Equal(23L * 16_384 * ((2 * (1280 + (3 * 1280) + (2 * 3456) + 1280 + 1280 + 3456)) + (4 * 2) + (4 * 20)), all.Activations - again.Activations);
    }

    [Fact]
    public void A_step_in_float32_is_not_written_out() =>
        Assert.Null(StepMemory.Of(RandomCase.Draw(1).Config, new TrainSpec { Precision = Precision.Float32 }));
}
