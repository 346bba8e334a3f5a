using Bam.Client.Clusters;

namespace Bam.Client.Tests.Clusters;

public sealed class BackOffTests
{
    [Fact]
    public void Pauses_double_up_to_thirty_seconds()
    {
        var backOff = new BackOff();

        var pauses = Enumerable.Range(0, 9).Select(_ => backOff.After(TimeSpan.FromSeconds(1)).TotalSeconds);

        Assert.Equal([0.5, 1, 2, 4, 8, 16, 30, 30, 30], pauses);
    }

    [Fact]
    public void Ten_seconds_of_life_start_them_again()
    {
        var backOff = new BackOff();
        for (var i = 0; i < 5; i++) backOff.After(TimeSpan.Zero);

        Assert.Equal(TimeSpan.FromSeconds(0.5), backOff.After(TimeSpan.FromSeconds(10)));
        Assert.Equal(TimeSpan.FromSeconds(1), backOff.After(TimeSpan.FromSeconds(9)));
    }
}
