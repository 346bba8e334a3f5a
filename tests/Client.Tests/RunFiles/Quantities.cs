using Bam.Client.RunFiles;

namespace Bam.Client.Tests.RunFiles;

public sealed class Quantities
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("1_000_000", 1_000_000)]
    [InlineData("4M", 4_000_000)]
    [InlineData("1.5k", 1_500)]
    [InlineData("2G", 2_000_000_000)]
    [InlineData("3T", 3_000_000_000_000)]
    [InlineData("1e6", 1_000_000)]
    [InlineData("-2", -2)]
    public void Count(string text, long count)
    {
        Assert.True(Quantity.TryCount(text, out var read));
        Assert.Equal(count, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("M")]
    [InlineData("1.5")]
    [InlineData("_1")]
    [InlineData("1_")]
    [InlineData("1,000")]
    [InlineData("0x10")]
    [InlineData("1e30")]
    [InlineData("9223372036854775807T")]
    [InlineData("1 M")]
    public void Do_not_count(string text) => Assert.False(Quantity.TryCount(text, out _));

    [Theory]
    [InlineData("1e-3", 0.001)]
    [InlineData("1_0.5", 10.5)]
    [InlineData(".5", 0.5)]
    public void Measure(string text, double number)
    {
        Assert.True(Quantity.TryNumber(text, out var read));
        Assert.Equal(number, read);
    }

    [Theory]
    [InlineData("1e999")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    public void Do_not_measure_what_is_not_finite(string text) => Assert.False(Quantity.TryNumber(text, out _));
}
