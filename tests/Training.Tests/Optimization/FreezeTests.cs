using Bam.Contracts.Runs;
using Bam.Training.Model;
using Bam.Training.Optimization;
using Bam.Training.Tests.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Optimization;

/// <summary>Warm-up of routers: what is frozen keeps its bits, has no moments, and then starts as at its own first step.</summary>
public sealed class FreezeTests : IDisposable
{
    private static readonly TrainSpec Spec = new() { Batch = 2, Warmup = 0, LearningRate = 1e-2, LoadBalance = 0.01, RouterZ = 0.001 };
    private static readonly ModelConfig Config = Shapes.All["BAM, KV sharing"];

    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Theory]
    [InlineData(FrozenParts.Experts, ScalarType.Float32)]
    [InlineData(FrozenParts.AllButRouters, ScalarType.Float32)]
    [InlineData(FrozenParts.AllButRouters, ScalarType.BFloat16)]
    [InlineData(FrozenParts.None, ScalarType.Float32)]
    public void Only_what_is_not_frozen_changes_until_the_freeze_is_over(FrozenParts parts, ScalarType compute)
    {
        using var parameters = TransformerTests.Distinct(Config, compute);
        using var run = new Run(parameters, new Freeze(parts, 3));
        var before = Copy(parameters.Masters);

        run.Advance(3);

        var changed = parameters.Specs.Zip(parameters.Masters, before).Where(row => !row.Second.equal(row.Third).all().item<bool>()).Select(row => row.First.Name).ToArray();
        Assert.Equal(parameters.Specs.Where(spec => !IsFrozen(spec, parts)).Select(spec => spec.Name), changed);
        Assert.All(parameters.Specs.Zip(run.Optimizer.SecondMoments).Where(row => IsFrozen(row.First, parts)), row => Assert.Equal(0, row.Second.abs().sum().item<float>()));

        run.Advance(1);
        Assert.All(parameters.Masters.Zip(before), pair => Assert.False(pair.First.equal(pair.Second).all().item<bool>()));
    }

    [Fact]
    public void A_part_that_was_frozen_makes_the_first_step_of_a_fresh_optimizer()
    {
        using var late = TransformerTests.Distinct(Config);
        using var fresh = TransformerTests.Distinct(Config);
        using var warm = new Run(late, new Freeze(FrozenParts.AllButRouters, 5));
        warm.Advance(5);
        // The same weights, routers included, and the same gradient: only the optimizers' pasts differ.
        fresh.Load((spec, values) => late.Masters[Index(late, spec)].data<float>().ToArray().CopyTo(values));
        using var other = new Run(fresh, Freeze.Nothing, steps: 100, done: 5);

        warm.Advance(1);
        other.Advance(1);

        foreach (var (spec, one, two) in late.Specs.Zip(late.Masters, fresh.Masters).Where(row => !row.First.IsRouter))
            Assert.True(one.allclose(two, rtol: 1e-6, atol: 1e-7), spec.Name);    // the norm that clips is summed in another order
        Assert.Contains(late.Specs.Zip(late.Masters, fresh.Masters), row => row.First.IsRouter && !row.Second.equal(row.Third).all().item<bool>());
    }

    [Theory]
    [InlineData(FrozenParts.Experts, false)]
    [InlineData(FrozenParts.Experts, true)]
    [InlineData(FrozenParts.AllButRouters, true)]
    public void A_training_may_go_back_to_where_parts_are_frozen(FrozenParts parts, bool flat)
    {
        using var parameters = TransformerTests.Distinct(Config, flat: flat);
        using var run = new Run(parameters, new Freeze(parts, 3));
        run.Advance(5);
        var before = Copy(parameters.Masters);

        run.GoBack(1);
        run.Advance(1);

        Assert.All(parameters.Specs.Zip(parameters.Masters, before), row => Assert.Equal(IsFrozen(row.First, parts), row.Second.equal(row.Third).all().item<bool>()));
    }

    [Fact]
    public void An_optimizer_refuses_to_freeze_what_it_was_not_made_for()
    {
        using var parameters = TransformerTests.Distinct(Config);
        using var optimizer = new AdamW(parameters, Spec, new Freeze(FrozenParts.Experts, 2));

        Assert.Throws<ArgumentException>(() => optimizer.Step(1e-3, zeros(1), FrozenParts.AllButRouters));
    }

    private static bool IsFrozen(TensorSpec spec, FrozenParts parts) => parts switch
    {
        FrozenParts.Experts => spec.Name.Contains(".experts.", StringComparison.Ordinal),
        FrozenParts.AllButRouters => !spec.Name.Contains(".router.", StringComparison.Ordinal),
        _ => false,
    };

    private static int Index(ParameterSet parameters, TensorSpec spec) => parameters.Specs.Index().Single(row => row.Item.Name == spec.Name).Index;

    private static Tensor[] Copy(IEnumerable<Tensor> tensors) => [.. tensors.Select(tensor => tensor.detach().clone())];

    private sealed class Run : IDisposable
    {
        private readonly Transformer _model;
        private readonly Trainer _trainer;

        public Run(ParameterSet parameters, Freeze freeze, long steps = 100, long done = 0)
        {
            _model = new Transformer(parameters);
            Optimizer = new AdamW(parameters, Spec, freeze);
            _trainer = new Trainer(_model, Optimizer, new RandomBatches(parameters.Config.Vocab), Spec, steps, done, freeze);
        }

        public AdamW Optimizer { get; }

        public void Advance(int steps)
        {
            for (var i = 0; i < steps; i++)
                _trainer.Advance(read: false);
        }

        public void GoBack(long step) => _trainer.GoBack(step, BatchSkips.None);

        public void Dispose()
        {
            _trainer.Dispose();
            Optimizer.Dispose();
            _model.Dispose();
        }
    }
}
