using Bam.Contracts.Status;
using Bam.Training.Checkpoints;

namespace Bam.Training.Tests.Checkpoints;

public sealed class TrainingHistoryTests
{
    private const int Gap = 10;

    [Theory]
    [InlineData(1, 500)]
    [InlineData(501, 251)]
    [InlineData(502, 251)]
    [InlineData(7_777, 487)]
    [InlineData(123_456, 483)]
    public void However_long_the_curve_it_has_few_points_and_the_mean_of_all_its_readings(int readings, int points)
    {
        var random = new Random(readings);
        var losses = Enumerable.Range(0, readings).Select(_ => random.NextDouble() * 9).ToArray();

        var history = Of(losses);

        Assert.InRange(history.Training.Count, Math.Min(readings, 250), TrainingHistory.MostPoints);
        Assert.Equal(readings == 1 ? 1 : points, history.Training.Count);
        Assert.Equal((readings * Gap, readings), ((int)history.Training[^1].Step, (int)history.Training[^1].Tokens / 100));
        var steps = history.Training.Select((point, index) => point.Step - (index == 0 ? 0 : history.Training[index - 1].Step)).ToArray();
        Assert.Single(steps[..^1].DefaultIfEmpty(Gap).Distinct());             // evenly spaced, but for the one that still grows
        Assert.InRange(steps[^1], Gap, steps[0]);
        Assert.Equal(losses.Average(), history.Training.Zip(steps, (point, width) => point.Loss * width).Sum() / (readings * Gap), tolerance: 1e-9);
        var each = readings * Gap / steps[0] > 1 ? (int)steps[0] / Gap : 1;
        Assert.Equal(losses[..each].Average(), history.Training[0].Loss, tolerance: 1e-9);
    }

    [Fact]
    public void Readings_of_unequal_lengths_count_by_their_steps()
    {
        var history = new TrainingHistory { Start = 100, ReadingsPerPoint = 2 };
        foreach (var (step, loss) in new[] { (103L, 5.0), (104L, 1.0), (110L, 2.0) })
            history = history.With(new CurvePoint(step, step * 8, loss));

        Assert.Equal([new(104, 832, ((3 * 5.0) + 1) / 4), new(110, 880, 2)], history.Training);
    }

    [Fact]
    public void Evaluations_are_bounded_and_evenly_spaced_and_the_newest_stays()
    {
        var history = new TrainingHistory();
        for (var step = 1; step <= 10_001; step++)
        {
            history = history.With([new(step, "letters", step), new(step, "digits", -step)]);
            Assert.Equal(step, history.Validation[^1].Step);
        }

        var steps = history.Validation.Where(point => point.Domain == "letters").Select(point => (int)point.Step).ToArray();
        Assert.InRange(steps.Length, TrainingHistory.MostEvaluations / 2, TrainingHistory.MostEvaluations + 1);
        Assert.Equal([.. Enumerable.Range(0, (10_000 / 64) + 1).Select(index => 1 + (64 * index)), 10_001], steps);
        Assert.All(history.Validation, point => Assert.Equal(point.Step, Math.Abs(point.Loss)));
        Assert.Same(history, history.With([]));
    }

    private static TrainingHistory Of(IReadOnlyList<double> losses)
    {
        var history = new TrainingHistory();
        foreach (var (index, loss) in losses.Index())
            history = history.With(new CurvePoint((index + 1) * Gap, (index + 1) * 100, loss));
        return history;
    }
}
