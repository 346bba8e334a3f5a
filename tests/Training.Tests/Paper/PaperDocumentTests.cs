using System.Globalization;
using System.Text.RegularExpressions;
using Bam.Contracts.Runs;
using Bam.Training.Model;

namespace Bam.Training.Tests.Paper;

/// <summary>C4: docs/paper.md says what is implemented, where it is tested, and what was chosen; none of it by heart.</summary>
public sealed partial class PaperDocumentTests
{
    private static readonly string[] Statements =
    [
        .. Numbered("S", 6), .. Numbered("F", 10), .. Numbered("G", 5), .. Numbered("C", 4),
    ];

    private static readonly string[][] Rows =
    [
        .. File.ReadLines(Path.Combine(Repository.Root, "docs", "paper.md"))
            .Where(line => line.StartsWith('|')).Select(line => line.Trim('|', ' ').Split('|', StringSplitOptions.TrimEntries)),
    ];

    [Fact]
    public void Every_statement_has_a_test_that_is_named_after_it()
    {
        var tests = TestNames();

        Assert.All(Statements, statement => Assert.Contains(tests, test => test.StartsWith($"{statement}_", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_statement_is_in_the_document_with_a_test_that_exists()
    {
        var tests = TestNames();
        string[][] rows = [.. Rows.Where(row => row.Length == 3 && Statements.Contains(row[0]))];

        Assert.Equal(Statements, rows.Select(row => row[0]));
        Assert.All(rows, row => Assert.Contains(row[2].Trim('`'), tests));
        Assert.All(rows, row => Assert.StartsWith($"`{row[0]}_", row[2], StringComparison.Ordinal));
    }

    [Fact]
    public void C4_every_choice_that_the_document_states_is_the_codes_default()
    {
        var mixture = new MixtureSpec { Name = "m", Steps = 1 };
        var train = new TrainSpec();
        var model = new ModelSpec { Layers = 1, Width = 8, Heads = 2, KvHeads = 2, Ffn = 8, Context = 8 };
        var config = ModelConfig.Dense(model, "bytes", 257);
        var expected = new Dictionary<string, object>
        {
            ["train.load_balance"] = train.LoadBalance,
            ["train.router_z"] = train.RouterZ,
            ["mixture.router_init"] = mixture.RouterInit,
            ["mixture.router_std"] = mixture.RouterStd,
            ["model.rope_theta"] = config.RopeTheta,
            ["model.rope_interleaved"] = config.RopeInterleaved,
            ["model.norm"] = config.Norm,
            ["model.norm_eps"] = config.NormEps,
            ["train.clip_norm"] = train.ClipNorm,
            ["train.beta1"] = train.Beta1,
            ["train.beta2"] = train.Beta2,
            ["train.final_learning_rate"] = train.FinalLearningRate,
            ["mixture.ffn_renormalise"] = mixture.FfnRenormalise,
            ["mixture.attention_renormalise"] = mixture.AttentionRenormalise,
            ["mixture.rescale_ffn"] = mixture.RescaleFfn,
        };

        var stated = Rows.Where(row => row.Length == 4 && row[1].StartsWith('`')).ToDictionary(row => row[1].Trim('`'), row => row[2].Trim('`'));

        Assert.Equal(expected.Select(choice => (choice.Key, Text(choice.Value))), stated.Select(choice => (choice.Key, choice.Value)));
    }

    [Theory]
    [InlineData("α, weight")]
    [InlineData("β, weight")]
    [InlineData("routers' standard deviation")]
    [InlineData("Sequence length")]
    [InlineData("RoPE theta")]
    [InlineData("kind of norm")]
    [InlineData("Router input")]
    [InlineData("Capacity")]
    [InlineData("Tokens of the 2B mixture phase")]
    [InlineData("Initial keys and values of KV sharing")]
    [InlineData("branches' schedule and batch")]
    [InlineData("QK-norm")]
    [InlineData("counts twice in the means")]
    [InlineData("camera-ready (NeurIPS 2024) was not")]
    public void C4_the_document_names_every_open_question(string question) =>
        Assert.Contains(question, File.ReadAllText(Path.Combine(Repository.Root, "docs", "paper.md")), StringComparison.Ordinal);

    private static IEnumerable<string> Numbered(string letter, int count) => Enumerable.Range(1, count).Select(i => $"{letter}{i}");

    private static string Text(object value) => value switch
    {
        double number => number.ToString("0.##########", CultureInfo.InvariantCulture),
        _ => $"{value}".ToLowerInvariant(),
    };

    /// <summary>Methods of every test project that carry a test attribute, by their source: the other projects are not referenced here.</summary>
    private static HashSet<string> TestNames() =>
    [
        .. Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .SelectMany(file => TestMethod().Matches(File.ReadAllText(file))).Select(match => match.Groups["name"].Value),
    ];

    [GeneratedRegex(@"\[(Fact|Theory)[^\n]*\n(\s*(\[[^\n]*|//[^\n]*)\n)*\s*public (async Task|Task|void) (?<name>\w+)\(")]
    private static partial Regex TestMethod();
}
