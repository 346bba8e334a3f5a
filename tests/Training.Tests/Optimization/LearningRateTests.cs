using Bam.Contracts.Runs;
using Bam.Training.Optimization;

namespace Bam.Training.Tests.Optimization;

public sealed class LearningRateTests
{
    private static readonly TrainSpec Spec = new() { LearningRate = 2e-3, Warmup = 10, FinalLearningRate = 0.1 };

    [Fact]
    public void It_rises_in_equal_steps_to_the_peak()
    {
        var rate = new LearningRate(Spec, 110);

        Assert.All(Enumerable.Range(0, 10), step => Assert.Equal(2e-4 * (step + 1), rate.At(step), 1e-15));
        Assert.Equal(2e-3, rate.At(10));
    }

    [Theory]
    [InlineData(35, 0.8681980515339464)]                                       // 0.1 + 0.9 · (1 + cos 45°) / 2
    [InlineData(60, 0.55)]
    [InlineData(85, 0.2318019484660536)]
    [InlineData(110, 0.1)]
    [InlineData(500, 0.1)]
    public void It_falls_as_half_a_cosine_to_its_final_part_and_stays_there(long step, double part) =>
        Assert.Equal(2e-3 * part, new LearningRate(Spec, 110).At(step), 1e-15);

    [Fact]
    public void A_training_shorter_than_the_warm_up_ends_at_the_peak() =>
        Assert.Equal([5e-4, 1e-3, 1.5e-3, 2e-3], Enumerable.Range(0, 4).Select(step => new LearningRate(Spec, 4).At(step)));

    [Fact]
    public void Without_warm_up_it_begins_at_the_peak() =>
        Assert.Equal(2e-3, new LearningRate(Spec with { Warmup = 0 }, 100).At(0));
}
