using System.Text.Json;
using Bam.Client.Plans;
using Bam.Client.Tests.Verbs;

namespace Bam.Client.Tests.Plans;

/// <summary>The paper's comparison (arXiv 2408.08274v2, tables 4, 7 and 9).</summary>
public sealed class A_preset
{
    [Theory]
    [InlineData("dense", 587_209_728, 587_209_728)]
    [InlineData("BAM, KV experts", 776_002_560, 662_756_352)]
    [InlineData("BAM, KV sharing", 738_253_824, 625_007_616)]
    [InlineData("BTX, 4 experts", 700_480_512, 587_234_304)]
    [InlineData("BTX, 5 experts", 738_235_392, 587_240_448)]
    [InlineData("BTX, 6 experts", 775_990_272, 587_246_592)]
    [InlineData("BTX, 7 experts", 813_745_152, 587_252_736)]
    [InlineData("BTX, 8 experts", 851_500_032, 587_258_880)]
    [InlineData("BTX, 6 experts, top-3", 775_990_272, 662_744_064)]
    public void S5_has_the_papers_parameters(string model, long total, long active)
    {
        var row = Row("paper-590m", model);

        Assert.Equal((total, active), (row.Parameters, row.ActiveParameters));
    }

    [Theory]
    [InlineData("BAM, KV experts", 35_651_584, 12_589_056, 48_257_024)]
    [InlineData("BTX, 4 experts", 8_912_896, 12_589_056, 21_510_144)]
    [InlineData("BTX, 6 experts, top-3", 8_912_896, 3 * 12_589_056, 46_692_352)]
    public void S5_has_the_papers_flops_of_a_layer(string model, long attention, long ffn, long total)
    {
        var row = Row("paper-590m", model);

        Assert.Equal((attention, ffn, total), (row.Flops.Attention, row.Flops.Ffn, row.Flops.Total));
    }

    // 18 layers, D 2304, head width 128, 18 heads, 6 of keys and values, F 9216, four experts: tensor by tensor.
    [Fact]
    public void S5_has_the_large_models_parameters()
    {
        const long Dense = 1_991_289_600, Query = 2304L * 18 * 128, KeysAndValues = 2304L * 6 * 128, Ffn = 3L * 2304 * 9216, Router = 4 * 2304;

        Assert.Equal(Dense, Row("paper-2b", "dense").Parameters);
        Assert.Equal(Dense + (18 * ((3 * ((2 * Query) + (2 * KeysAndValues) + Ffn)) + (2 * Router))), Row("paper-2b", "BAM, KV experts").Parameters);
        Assert.Equal(Dense + (18 * ((3 * ((2 * Query) + Ffn)) + (2 * Router))), Row("paper-2b", "BAM, KV sharing").Parameters);
        Assert.Equal(Dense + (18 * ((3 * Ffn) + Router)), Row("paper-2b", "BTX, 4 experts").Parameters);
    }

    [Fact]
    public void Prints_the_papers_number_beside_each_of_ours_and_says_why_where_they_differ()
    {
        var rows = PresetPlan.Of("paper-590m").Models;

        foreach (var row in rows)
        {
            Assert.True(row.Paper.Flops is null || Digits(row.Paper.Flops) == row.Flops.Total, row.Model);
            var same = Agrees(row.Paper.Total, row.Parameters) && Agrees(row.Paper.Active, row.ActiveParameters);
            Assert.Equal(same, row.Paper.Erratum is null);
        }

        Assert.Equal(3, rows.Count(row => row.Paper.Erratum is not null));
    }

    [Theory]
    [InlineData("BAM, KV experts", 24_576)]
    [InlineData("BAM, KV sharing", 12_582_912 + 24_576)]
    public void Explains_the_papers_errata_to_the_last_parameter(string model, long missing)
    {
        var row = Row("paper-590m", model);

        Assert.Equal(missing, row.ActiveParameters - Digits(row.Paper.Active!));
    }

    [Theory]
    [InlineData("paper-590m")]
    [InlineData("paper-2b")]
    [InlineData("tiny")]
    [InlineData("small")]
    public async Task Is_planned_by_its_name(string preset)
    {
        var run = await Run("plan", preset);
        var json = await Run("plan", preset, "--json");

        Assert.Equal((0, "", 0, ""), (run.ExitCode, run.Error, json.ExitCode, json.Error));
        using var document = JsonDocument.Parse(json.Output);
        var models = document.RootElement.GetProperty("models");
        Assert.Equal(9, models.GetArrayLength());
        foreach (var model in models.EnumerateArray())
            Assert.Contains(model.GetProperty("active_parameters").GetInt64().ToString("#,0", null), run.Output, StringComparison.Ordinal);
        Assert.Equal(preset == "paper-590m", run.Output.Contains("the paper's active parameters", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Yields_to_a_file_of_its_name()
    {
        var file = Path.GetFullPath("tiny");   // no other test plans in the current folder
        await File.WriteAllTextAsync(file, "name: [", TestContext.Current.CancellationToken);
        try
        {
            Assert.Contains("not valid YAML", (await Run("plan", "tiny")).Error, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Is_the_nearest_name_of_a_mistyped_one() => Assert.Equal(
        new(2, "", "paper-509m: no such run file; did you mean the preset 'paper-590m'?\n"), await Run("plan", "paper-509m"));

    [Fact]
    public async Task Has_no_training_to_time() => Assert.Equal(
        new(2, "", "--flops-per-second: a preset has no training to time; give a run file\n"), await Run("plan", "tiny", "--flops-per-second", "1e12"));

    private static PresetRow Row(string preset, string model) => PresetPlan.Of(preset).Models.Single(row => row.Model == model);

    /// <summary>Whether a printed number is ours: every digit, or in millions without their fraction or rounded.</summary>
    private static bool Agrees(string? printed, long ours) => printed is null
        || (printed.EndsWith(" M", StringComparison.Ordinal) ? Math.Abs(Digits(printed[..^2]) - (ours / 1e6)) < 1 : Digits(printed) == ours);

    private static long Digits(string printed) => long.Parse(printed.Replace(",", "", StringComparison.Ordinal), null);

    private static Task<ConsoleRun> Run(params string[] arguments) =>
        ConsoleRun.Of(new(), cancellation: TestContext.Current.CancellationToken, arguments: arguments);
}
