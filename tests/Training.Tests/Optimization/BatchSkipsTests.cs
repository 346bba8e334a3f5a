using Bam.Training.Optimization;

namespace Bam.Training.Tests.Optimization;

public sealed class BatchSkipsTests
{
    public static TheoryData<string> Lists => ["", "0", "5", "0 1 2", "3 4 9", "2 10 11 12 30"];

    [Theory, MemberData(nameof(Lists))]
    public void Step_s_takes_the_sth_of_the_batches_that_are_left(string list)
    {
        long[] batches = [.. list.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(long.Parse)];
        var skips = new BatchSkips(batches);
        var left = Enumerable.Range(0, 60).Select(batch => (long)batch).Where(batch => !batches.Contains(batch)).ToArray();

        for (var step = 0; step < 50; step++)
        {
            Assert.Equal(left[step], skips.BatchOf(step));
            Assert.Equal(batches.Where(batch => batch < left[step]), skips.Before(step));
        }
    }

    [Fact]
    public void One_more_can_be_added_anywhere()
    {
        Assert.Equal([2, 4, 7], new BatchSkips([2, 7]).With(4).Before(100));
    }

    [Fact]
    public void Three_of_a_hundred_are_enough()
    {
        var skips = new BatchSkips([7, 8, 50]);

        Assert.True(skips.IsFull(51));
        Assert.True(skips.IsFull(106));
        Assert.False(skips.IsFull(107));                                       // the seventh lies a hundred behind
        Assert.False(new BatchSkips([7, 8]).IsFull(9));
    }

    [Theory]
    [InlineData(3L, 3L)]
    [InlineData(4L, 3L)]
    [InlineData(-1L, 3L)]
    public void Numbers_that_do_not_ascend_are_refused(long first, long second) =>
        Assert.Throws<ArgumentException>(() => new BatchSkips([first, second]));
}
