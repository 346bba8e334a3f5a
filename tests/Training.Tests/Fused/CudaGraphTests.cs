using Bam.Contracts.Runs;
using Bam.Training.Kernels;
using Bam.Training.Model;
using Bam.Training.Optimization;
using Bam.Training.Tests.Kernels;
using Bam.Training.Tests.Model;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Fused;

/// <summary>Steps that are one launch each train as those do whose work is enqueued; skipped where there is no GPU.</summary>
public sealed class CudaGraphTests
{
    private const int Steps = 24, Frozen = 8;

    [Theory]
    [InlineData("dense", false)]
    [InlineData("dense", true)]
    [InlineData("BAM, KV experts", false)]
    [InlineData("BAM, KV sharing", true)]
    [InlineData("BTX", false)]
    public void Recorded_steps_train_as_others(string shape, bool recompute)
    {
        var device = TwinMaker.Cuda().Device;
        var config = Shapes.All[shape] with { Width = 64, Context = 32 };
        using var scope = NewDisposeScope();

        var (recorded, losses) = Train(new CudaKernels(device));
        var (enqueued, expected) = Train(new ProfiledKernels(new CudaKernels(device), () => new CudaClock()));

        Assert.All(losses.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 0.01));
        Assert.True(losses[^1] < losses[0] - 0.2, $"{losses[0]} to {losses[^1]}");
        Twins.Agree("weights", enqueued.cpu().to(float64), recorded, 0.02);

        (Tensor Weights, List<double> Losses) Train(IStepKernels kernels)
        {
            var spec = new TrainSpec { Batch = 4, Precision = Precision.BFloat16, LearningRate = 1e-3, Warmup = 2, Recompute = recompute };
            var freeze = config.Experts > 0 ? new Freeze(FrozenParts.AllButRouters, Frozen) : Freeze.Nothing;
            using var parameters = new ParameterSet(config, device, ScalarType.BFloat16, flat: true);
            parameters.Draw(seed: 3);
            using var model = new Transformer(parameters);
            using var optimizer = new AdamW(parameters, spec, freeze);
            using var trainer = new Trainer(model, optimizer, new Counting(config.Vocab), spec, Steps, 0, freeze, null, kernels);
            var losses = new List<double>();
            for (var step = 0; step < Steps; step++)
            {
                // A reading of a mixture wants a trace, so its step is enqueued though others are recorded; so are those with frozen parts.
                trainer.Advance(read: step % 7 == 0);
                if (step % 7 > 0)
                    losses.Add(trainer.Unread.Sum);
                trainer.Unread = default;
                if (step == Frozen - 1)
                    Assert.Equal(kernels is CudaKernels && config.Experts == 0, trainer.IsRecorded);
            }

            Assert.Equal(kernels is CudaKernels, trainer.IsRecorded);
            Assert.Equal(0, optimizer.Skipped);
            return (parameters.Flat!.Masters.clone(), losses);
        }
    }

    [Fact]
    public void What_cannot_be_recorded_leaves_the_way_free_for_the_next()
    {
        var device = TwinMaker.Cuda().Device;
        using var scope = NewDisposeScope();
        var (from, into) = (ones(4, device: device), zeros(4, device: device));
        CudaCalls.Use(0);

        Assert.Null(CudaGraph.Record(0, () => throw new InvalidDataException()));
        Assert.Null(CudaGraph.Record(0, () => into.sum().item<float>()));
        using var graph = CudaGraph.Record(0, () => into.add_(from));

        Assert.NotNull(graph);
        Assert.Equal(0, into.sum().item<float>());
        graph.Run();
        graph.Run();
        Assert.Equal(8, into.sum().item<float>());
    }

    /// <summary>Every token is followed by the next one.</summary>
    private sealed class Counting(int vocab) : IBatchSource
    {
        public void Fill(long step, Span<long> inputs, Span<long> targets)
        {
            for (var i = 0; i < inputs.Length; i++)
                (inputs[i], targets[i]) = ((step * 7 + i) % vocab, (step * 7 + i + 1) % vocab);
        }
    }
}
