using Bam.Client.Reports;
using YamlDotNet.Serialization;

namespace Bam.Client.Tests.Reports;

public sealed class A_specification_in_YAML
{
    [Fact]
    public void Is_YAML_that_says_what_was_launched()
    {
        var yaml = SpecYaml.Of(Reported.Spec);
        var map = (Dictionary<object, object>)new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build().Deserialize(yaml)!;

        Assert.Equal(["four", (byte)7, "bytes"], new[] { map["name"], map["seed"], map["tokenizer"] });
        Assert.Equal((byte)32, ((Dictionary<object, object>)map["model"])["width"]);
        var law = (Dictionary<object, object>)((List<object>)map["domains"])[1];
        Assert.Equal(["/data/law 1.txt", "/data/law 2.txt", "/data/law 3.txt"], ((List<object>)law["train"]).Take(3));
        Assert.Equal(6, ((List<object>)law["train"]).Count);
        Assert.Contains("      # and 3 more\n", yaml, StringComparison.Ordinal);
        var branch = (Dictionary<object, object>)((List<object>)map["branches"])[0];
        Assert.Equal(0.002f, ((Dictionary<object, object>)branch["train"])["learning_rate"]);
        Assert.Equal(["seed", "law", "seed"], (List<object>)((Dictionary<object, object>)((List<object>)map["mixtures"])[0])["experts"]);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("1e3")]
    [InlineData("a: b # c")]
    [InlineData("- \"quoted\" \\ and\nbroken")]
    public void Quotes_a_text_that_would_be_something_else(string text)
    {
        var yaml = SpecYaml.Of(Reported.Spec with { Tokenizer = text });

        Assert.Equal(text, new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build().Deserialize<Dictionary<string, object>>(yaml)["tokenizer"]);
    }
}
