using System.Runtime.Intrinsics;
using Bam.Training.Kernels;

namespace Bam.Training.Tests.Kernels;

public sealed class CpuMathTests
{
    [Fact]
    public void The_exponential_is_that_of_the_mathematics_to_three_roundings()
    {
        for (var x = -87f; x < 88; x += 0.0137f)
            Assert.Equal(1, Exp(x) / Math.Exp(x), 3e-7);
        Assert.Equal(1, Exp(0));
    }

    [Theory]
    [InlineData(-1000f)]
    [InlineData(-88f)]
    [InlineData(float.NegativeInfinity)]
    public void Of_what_is_far_below_zero_nothing_is_left(float x) => Assert.InRange(Exp(x), 0, 1.3e-38);

    [Theory]
    [InlineData(1000f)]
    [InlineData(89f)]
    [InlineData(float.PositiveInfinity)]
    public void What_is_too_large_stays_a_large_number(float x) => Assert.InRange(Exp(x), 2e38, float.MaxValue);

    [Fact]
    public void What_is_no_number_stays_none() => Assert.True(float.IsNaN((float)Exp(float.NaN)));

    [Fact]
    public void Sigmoids_of_large_numbers_are_one_and_zero()
    {
        var both = CpuMath.Sigmoid(Vector512.Create(-200f, 200, 0, 1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));

        Assert.Equal((0, 1, 0.5f), (both[0], both[1], both[2]), Near);
        Assert.Equal((0.7310586f, 0.2689414f, 0.5f), (both[3], both[4], both[5]), Near);
    }

    [Fact]
    public void A_sigmoid_is_that_of_the_mathematics_to_three_roundings()
    {
        for (var x = -86.9f; x < 90; x += 0.0137f)
            Assert.Equal(1, CpuMath.Sigmoid(Vector512.Create(x))[3] * (1 + Math.Exp(-x)), 4e-7);
    }

    [Fact]
    public void No_sigmoid_is_infinite()
    {
        var all = CpuMath.Sigmoid(Vector512.Create(float.NaN, float.NegativeInfinity, float.PositiveInfinity, -3e38f, 3e38f, -88, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));

        Assert.True(float.IsNaN(all[0]));
        Assert.All([all[1], all[3], all[5]], sigmoid => Assert.InRange(sigmoid, 0, 2e-38f));
        Assert.All([all[2], all[4]], sigmoid => Assert.InRange(sigmoid, 0.9999998f, 1.0000002f));
    }

    private static double Exp(float x) => CpuMath.Exp(Vector512.Create(x))[7];

    private static bool Near((float A, float B, float C) one, (float A, float B, float C) other) =>
        Math.Abs(one.A - other.A) + Math.Abs(one.B - other.B) + Math.Abs(one.C - other.C) < 1e-6;
}
