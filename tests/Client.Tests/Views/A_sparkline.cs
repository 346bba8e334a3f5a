using Bam.Client.Views;

namespace Bam.Client.Tests.Views;

public sealed class A_sparkline
{
    [Fact]
    public void Has_seven_levels_equally_far_apart() =>
        Assert.Equal("▁▂▃▄▅▆▇", Sparkline.Of([0, 1, 2, 3, 4, 5, 6], Glyphs.Unicode));

    [Fact]
    public void Is_flat_where_nothing_moves_and_blank_where_nothing_is_known() =>
        Assert.Equal("▁▁ ▁", Sparkline.Of([2, 2, double.NaN, 2], Glyphs.Unicode));

    [Fact]
    public void Shows_what_comes_after_the_drop_of_the_beginning() =>
        Assert.Equal("▇▇▇▆▅▄▃▂▁▁", Sparkline.Of([40, 7, 6, 5, 4, 3, 2, 1, 0, 0], Glyphs.Unicode));

    [Fact]
    public void Is_ascii_when_asked() => Assert.Equal(".:-=+*#", Sparkline.Of([0, 1, 2, 3, 4, 5, 6], Glyphs.Ascii));

    [Fact]
    public void Of_a_curve_is_its_mean_over_equal_parts()
    {
        var curve = new LossCurve();
        for (var step = 1; step <= 8; step++) curve.See(step, step);

        Assert.Equal([1.5, 3.5, 5.5, 7.5], curve.In(4));
        Assert.Equal(8, curve.In(100).Count);
    }

    [Fact]
    public void Forgets_the_steps_that_are_done_again_after_a_restart()
    {
        var curve = new LossCurve();
        foreach (var step in new[] { 1, 2, 3, 4 }) curve.See(step, 9);
        foreach (var step in new[] { 2, 2, 3 }) curve.See(step, 1);

        Assert.Equal([9, 1, 1], curve.In(10));
    }

    [Fact]
    public void Takes_the_history_for_what_it_has_not_seen()
    {
        var curve = new LossCurve();
        foreach (var step in new[] { 5, 6, 7 }) curve.See(step, 1);
        curve.Recall([new(2, 0, 4), new(4, 0, 3), new(6, 0, 2)]);

        Assert.Equal([4, 3, 2, 1], curve.In(10));
    }

    [Fact]
    public void Stays_whole_and_small_over_a_long_training()
    {
        var curve = new LossCurve();
        for (var step = 1; step <= 100_000; step++) curve.See(step, step);

        var means = curve.In(10);
        Assert.Equal(10, means.Count);
        Assert.InRange(means[0], 1, 10_000);
        Assert.InRange(means[9], 90_000, 100_000);
        Assert.Equal(means.Order(), means);
        Assert.InRange(curve.In(int.MaxValue).Count, 500, 1024);
    }
}
