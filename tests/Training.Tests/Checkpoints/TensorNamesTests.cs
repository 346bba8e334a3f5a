using System.Text.Json;
using Bam.Contracts.Runs;
using Bam.Training.Checkpoints;
using Bam.Training.Model;
using TorchSharp;

namespace Bam.Training.Tests.Checkpoints;

/// <summary>Names, shapes and keys of design.md section 7, word for word: other programs read them.</summary>
public sealed class TensorNamesTests
{
    private static readonly ModelConfig Dense = new()
    {
        Vocab = 11,
        Layers = 1,
        Width = 8,
        Heads = 4,
        KvHeads = 2,
        Ffn = 5,
        Context = 6,
    };

    public static TheoryData<string, string> Layouts => new()
    {
        {
            "dense",
            """
            embed.weight [11, 8]
            blocks.0.norm.weight [8]
            blocks.0.attention.q.weight [8, 8]
            blocks.0.attention.k.weight [4, 8]
            blocks.0.attention.v.weight [4, 8]
            blocks.0.attention.o.weight [8, 8]
            blocks.0.ffn.gate.weight [5, 8]
            blocks.0.ffn.up.weight [5, 8]
            blocks.0.ffn.down.weight [8, 5]
            norm.weight [8]
            """
        },
        {
            "untied",
            """
            embed.weight [11, 8]
            blocks.0.norm.weight [8]
            blocks.0.attention.q.weight [8, 8]
            blocks.0.attention.k.weight [4, 8]
            blocks.0.attention.v.weight [4, 8]
            blocks.0.attention.o.weight [8, 8]
            blocks.0.ffn.gate.weight [5, 8]
            blocks.0.ffn.up.weight [5, 8]
            blocks.0.ffn.down.weight [8, 5]
            norm.weight [8]
            head.weight [11, 8]
            """
        },
        {
            "KV experts",
            """
            embed.weight [11, 8]
            blocks.0.norm.weight [8]
            blocks.0.attention.experts.q [3, 8, 8]
            blocks.0.attention.experts.k [3, 4, 8]
            blocks.0.attention.experts.v [3, 4, 8]
            blocks.0.attention.experts.o [3, 8, 8]
            blocks.0.attention.router.weight [3, 8]
            blocks.0.ffn.experts.gate [3, 5, 8]
            blocks.0.ffn.experts.up [3, 5, 8]
            blocks.0.ffn.experts.down [3, 8, 5]
            blocks.0.ffn.router.weight [3, 8]
            norm.weight [8]
            """
        },
        {
            "KV shared",
            """
            embed.weight [11, 8]
            blocks.0.norm.weight [8]
            blocks.0.attention.experts.q [3, 8, 8]
            blocks.0.attention.k.weight [4, 8]
            blocks.0.attention.v.weight [4, 8]
            blocks.0.attention.experts.o [3, 8, 8]
            blocks.0.attention.router.weight [3, 8]
            blocks.0.ffn.experts.gate [3, 5, 8]
            blocks.0.ffn.experts.up [3, 5, 8]
            blocks.0.ffn.experts.down [3, 8, 5]
            blocks.0.ffn.router.weight [3, 8]
            norm.weight [8]
            """
        },
        {
            "BTX",
            """
            embed.weight [11, 8]
            blocks.0.norm.weight [8]
            blocks.0.attention.q.weight [8, 8]
            blocks.0.attention.k.weight [4, 8]
            blocks.0.attention.v.weight [4, 8]
            blocks.0.attention.o.weight [8, 8]
            blocks.0.ffn.experts.gate [3, 5, 8]
            blocks.0.ffn.experts.up [3, 5, 8]
            blocks.0.ffn.experts.down [3, 8, 5]
            blocks.0.ffn.router.weight [3, 8]
            norm.weight [8]
            """
        },
    };

    [Theory, MemberData(nameof(Layouts))]
    public void A_model_is_saved_with_the_tensors_of_the_contract(string model, string expected)
    {
        using var folder = new TemporaryFolder();
        using var parameters = ParameterSet.Random(Config(model), seed: 1, torch.CPU);
        var path = folder.At(Checkpoint.ModelFile);
        SafeTensorsWriter.Write(
            path, [.. parameters.Specs.Select(spec => (spec.Name, spec.Shape))], i => parameters.Masters[i].data<float>().ToArray());

        using var file = new SafeTensorsFile(path);

        Assert.Equal(expected.ReplaceLineEndings("\n"),
            string.Join('\n', file.Names.Select(name => $"{name} [{string.Join(", ", file.Shape(name)!)}]")));
    }

    [Theory]
    [InlineData("dense", "dense", "soft", "experts")]
    [InlineData("KV shared", "mixture", "soft", "shared")]
    [InlineData("BTX", "mixture", "averaged", "experts")]
    public void The_configuration_has_the_keys_of_the_contract_and_comes_back(
        string model, string architecture, string attention, string kv)
    {
        var config = Config(model) with { Norm = NormKind.RmsNorm };
        using var json = JsonDocument.Parse(config.ToJson());
        string[] extra = config.Experts > 0 ? ["tokenizer", "expert_names"] : ["tokenizer"];

        Assert.Equal(
        [
            "architecture", "vocab", "layers", "width", "heads", "kv_heads", "ffn", "context", "rope_theta", "rope_interleaved", "norm",
            "norm_eps", "tied", "experts", "attention", "kv", "ffn_top_k", "ffn_renormalise",
            .. extra,
        ], json.RootElement.EnumerateObject().Select(property => property.Name));
        string Text(string key) => json.RootElement.GetProperty(key).GetString()!;
        Assert.Equal((architecture, attention, kv, "rmsnorm"), (Text("architecture"), Text("attention"), Text("kv"), Text("norm")));
        var back = ModelConfig.FromJson(config.ToJson(), "config.json");
        Assert.Equal(config.ExpertNames, back.ExpertNames);
        Assert.Equal(config, back with { ExpertNames = config.ExpertNames });
    }

    [Theory]
    [InlineData("\"layers\": 1,", "\"layers\": 1,\n  \"lairs\": 1,", "lairs")]
    [InlineData("\"heads\": 4,", "", "heads")]
    [InlineData("\"width\": 8,", "\"width\": \"eight\",", "Int32")]
    [InlineData("\"layernorm\"", "\"batchnorm\"", "norm 'batchnorm' is neither 'layernorm' nor 'rmsnorm'")]
    [InlineData("\"architecture\": \"dense\"", "\"architecture\": \"mixture\"", "architecture")]
    [InlineData("\"heads\": 4,", "\"heads\": 3,", "heads")]
    [InlineData("\"heads\": 4,", "\"heads\": 0,", "heads")]
    [InlineData("\"kv_heads\": 2,", "\"kv_heads\": 3,", "kv_heads")]
    [InlineData("\"layers\": 1,", "\"layers\": -1,", "layers")]
    [InlineData("{", "[", "")]
    public void A_wrong_configuration_is_refused_in_one_line_with_the_file(string right, string wrong, string said)
    {
        using var folder = new TemporaryFolder();
        var text = Config("dense").ToJson();
        Assert.Contains(right, text, StringComparison.Ordinal);
        File.WriteAllText(folder.At(Checkpoint.ConfigFile), text.Replace(right, wrong, StringComparison.Ordinal));

        var failure = Assert.Throws<CheckpointException>(() => ModelFolder.Config(folder));

        Assert.StartsWith(folder.At(Checkpoint.ConfigFile), failure.Message, StringComparison.Ordinal);
        Assert.Contains(said, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
    }

    private static ModelConfig Config(string model)
    {
        var spec = new MixtureSpec { Name = "m", Steps = 1, Experts = ["a", "b", "c"] };
        return model switch
        {
            "dense" => Dense,
            "untied" => Dense with { Tied = false },
            "KV experts" => Dense.Mixture(spec),
            "KV shared" => Dense.Mixture(spec with { Kv = KvMode.Shared }),
            "BTX" => Dense.Mixture(spec with { Attention = AttentionMode.Averaged }),
            _ => throw new ArgumentOutOfRangeException(nameof(model), model, "unknown"),
        };
    }
}
