using Bam.Training.Checkpoints;

namespace Bam.Training.Tests.Checkpoints;

public sealed class FiniteCheckTests
{
    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void One_number_that_is_not_finite_is_found_wherever_it_is(float bad)
    {
        for (var length = 1; length < 70; length++)
        {
            for (var place = 0; place < length; place++)
            {
                var values = new float[length];
                values[place] = bad;
                Assert.False(FiniteCheck.AreFinite(values), $"{place} of {length}");
            }
        }
    }

    [Fact]
    public void Every_finite_number_passes_however_small_or_large()
    {
        float[] kinds = [0, -0f, 1, -1, float.Epsilon, -float.Epsilon, float.MaxValue, float.MinValue, BitConverter.Int32BitsToSingle(0x007FFFFF)];

        Assert.True(FiniteCheck.AreFinite([.. Enumerable.Range(0, 77).Select(i => kinds[i % kinds.Length])]));
        Assert.True(FiniteCheck.AreFinite([]));
    }
}
