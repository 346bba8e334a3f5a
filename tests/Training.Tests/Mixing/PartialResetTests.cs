using Bam.Contracts.Runs;
using Bam.Training.Checkpoints;
using Bam.Training.Mixing;
using Bam.Training.Model;
using Bam.Training.Tests.Model;

namespace Bam.Training.Tests.Mixing;

/// <summary>Drop-Upcycling (arXiv 2502.19261, section 3): what an FFN expert forgets, and what comes in its place.</summary>
public sealed class PartialResetTests : IDisposable
{
    private static readonly ModelConfig Wide = Shapes.Dense with { Width = 512, Ffn = 64, Vocab = 8 };
    private static readonly MixtureSpec Spec = DenseModels.Spec with { FfnReinitialise = 0.125 };

    private readonly DenseModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData(0.25, 6)]
    [InlineData(0.5, 12)]
    [InlineData(0.99, 23)]
    [InlineData(0.001, 1)]
    public void Each_expert_forgets_that_part_of_its_hidden_units_the_same_in_its_three_matrices(double part, int units)
    {
        MixSource[] models = [_models.Publish("seed"), _models.Publish("law"), _models.Publish("code")];

        var mixture = _models.Mix(models, Spec with { FfnReinitialise = part });

        for (var layer = 0; layer < 2; layer++)
        {
            for (var expert = 0; expert < models.Length; expert++)
            {
                var changed = Changed(mixture, models, layer, expert, "gate");
                Assert.Equal(units, changed.Count);
                Assert.Equal(changed, Changed(mixture, models, layer, expert, "up"));
                Assert.Equal(changed, Changed(mixture, models, layer, expert, "down"));
            }
        }
    }

    [Fact]
    public void What_takes_their_place_has_the_mean_and_the_deviation_of_what_each_matrix_forgot()
    {
        // Every unit's weights have a size and a place of their own, so that the statistics of another choice of units would show.
        MixSource[] models = [_models.Publish("seed", Wide, change: Spread), _models.Publish("law", Wide, change: Spread)];

        var mixture = _models.Mix(models, Spec);

        var distinct = 0;
        for (var expert = 0; expert < models.Length; expert++)
        {
            foreach (var matrix in new[] { "gate", "up", "down" })
            {
                var (before, after) = (Units(models[expert].Checkpoint, $"blocks.1.ffn.{matrix}.weight", matrix, 0), Units(mixture, $"blocks.1.ffn.experts.{matrix}", matrix, expert));
                var changed = Changed(mixture, models, 1, expert, matrix);
                var (mean, std) = Statistics([.. changed.SelectMany(unit => before[unit])]);
                var (newMean, newStd) = Statistics([.. changed.SelectMany(unit => after[unit])]);
                Assert.Equal(8, changed.Count);                                // 4,096 numbers: a deviation is found to 1.1 %, a mean to 1.6 % of it
                Assert.InRange(newStd / std, 0.95, 1.05);
                Assert.InRange((newMean - mean) / std, -0.07, 0.07);
                var (allMean, allStd) = Statistics([.. before.SelectMany(weights => weights)]);
                distinct += Math.Abs(allStd / std - 1) > 0.1 || Math.Abs(allMean - mean) / std > 0.15 ? 1 : 0;
                Assert.InRange(changed.SelectMany(unit => after[unit]).Distinct().Count(), 4090, 4096);
            }
        }

        Assert.True(distinct >= 3, $"only {distinct} of 6 choices differ from the whole matrix: this test proves too little");
    }

    [Fact]
    public void Experts_of_one_source_and_layers_of_one_expert_forget_different_units()
    {
        var model = _models.Publish("seed");

        var mixture = _models.Mix([model], Spec with { Experts = ["seed", "seed", "seed"], FfnReinitialise = 0.5 });

        var choices = Enumerable.Range(0, 2).SelectMany(layer => Enumerable.Range(0, 3).Select(
            expert => string.Join(' ', Changed(mixture, [model, model, model], layer, expert, "up")))).ToArray();
        Assert.Equal(6, choices.Distinct().Count());
        Assert.Empty(MixReceipt.Read(mixture.Folder)!.Warnings);
    }

    [Fact]
    public void Another_seed_or_mixture_forgets_other_units()
    {
        MixSource[] models = [_models.Publish("seed"), _models.Publish("law")];
        var spec = Spec with { FfnReinitialise = 0.5 };

        Checkpoint[] mixtures = [_models.Mix(models, spec), _models.Mix(models, spec, seed: 4), _models.Mix(models, spec with { Name = "other" })];

        Assert.Equal(3, mixtures.Select(mixture => string.Join(' ', Changed(mixture, models, 0, 1, "gate"))).Distinct().Count());
    }

    [Fact]
    public void Attention_embeddings_norms_and_routers_do_not_change()
    {
        MixSource[] models = [_models.Publish("seed"), _models.Publish("law")];

        var (without, with) = (_models.Mix(models), _models.Mix(models, Spec));

        Assert.All(TensorLayout.Of(with.Config), tensor =>
            Assert.Equal(tensor.Group != TensorGroup.Ffn, DenseModels.Read(without, tensor.Name).SequenceEqual(DenseModels.Read(with, tensor.Name))));
    }

    /// <summary>Hidden units whose every weight is another; a unit that changed in part fails the test.</summary>
    private static List<int> Changed(Checkpoint mixture, MixSource[] experts, int layer, int expert, string matrix)
    {
        var before = Units(experts[expert].Checkpoint, $"blocks.{layer}.ffn.{matrix}.weight", matrix, 0);
        var after = Units(mixture, $"blocks.{layer}.ffn.experts.{matrix}", matrix, expert);
        var changed = new List<int>();
        for (var unit = 0; unit < before.Length; unit++)
        {
            var same = before[unit].Zip(after[unit], (a, b) => a == b).Distinct().ToArray();
            Assert.Single(same);
            if (!same[0])
                changed.Add(unit);
        }

        return changed;
    }

    /// <summary>Weights of each hidden unit of one expert: rows of gate and up, columns of down.</summary>
    private static float[][] Units(Checkpoint model, string tensor, string matrix, int expert)
    {
        var (width, ffn) = (model.Config.Width, model.Config.Ffn);
        var values = DenseModels.Read(model, tensor).AsSpan(expert * width * ffn, width * ffn).ToArray();
        return [.. Enumerable.Range(0, ffn).Select(unit =>
            Enumerable.Range(0, width).Select(i => matrix == "down" ? values[i * ffn + unit] : values[unit * width + i]).ToArray())];
    }

    private static (double Mean, double Std) Statistics(float[] values)
    {
        var mean = values.Average(value => (double)value);
        return (mean, Math.Sqrt(values.Average(value => (value - mean) * (value - mean))));
    }

    private static void Spread(TensorSpec tensor, Span<float> values)
    {
        for (var i = 0; i < values.Length && tensor.Group == TensorGroup.Ffn; i++)
        {
            var unit = tensor.Name.Contains("down", StringComparison.Ordinal) ? i % Wide.Ffn : i / Wide.Width;
            values[i] = (values[i] + 0.1f) * MathF.Pow(2, unit / 8f);
        }
    }
}
