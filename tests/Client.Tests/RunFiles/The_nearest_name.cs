using Bam.Client.RunFiles;

namespace Bam.Client.Tests.RunFiles;

public sealed class The_nearest_name
{
    [Theory]
    [InlineData("lwa", "law")]
    [InlineData("genral", "general")]
    [InlineData("cod", "code")]
    [InlineData("medicine", null)]
    [InlineData("x", null)]
    public void Is_found_within_a_few_edits(string typed, string? meant) =>
        Assert.Equal(meant, NearestName.Of(typed, ["general", "law", "code"]));

    [Theory]
    [InlineData("", "abc", 3)]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("lwa", "law", 1)]
    [InlineData("same", "same", 0)]
    public void Is_measured_in_edits(string a, string b, int distance)
    {
        Assert.Equal(distance, NearestName.Distance(a, b));
        Assert.Equal(distance, NearestName.Distance(b, a));
    }
}
