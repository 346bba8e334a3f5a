using System.Text.Json;

namespace Bam.Cluster;

[Collection(nameof(RivalsCollection))]
public sealed class RivalsRunTests(RivalsRun run)
{
    private const int TokensPerStep = 8 * 32;                                  // batch · context of the run file

    private static readonly string[] Mixtures = [.. RivalsRun.Upcycled.Keys, "more-dense", "btm"], Models = [.. RivalsRun.Dense, .. Mixtures];

    public static TheoryData<string> Upcycled => [.. RivalsRun.Upcycled.Keys];

    public static TheoryData<string> Matched => [.. RivalsRun.Matched];

    [Fact]
    public void Every_row_has_the_tokens_and_flops_of_its_training()
    {
        Assert.All(Models.Except(["btm"]), model =>
        {
            Assert.Equal(run.First.Step(model) * TokensPerStep, run.First.Number(model, "tokens"));
            Assert.True(run.First.Number(model, "flops") > 0, $"{model} has no FLOPs");
            Assert.All(Row(model)[1..], cell => Assert.Matches(@"^\d", cell));
        });
        Assert.Equal((0, 0), (run.First.Number("btm", "tokens"), run.First.Number("btm", "flops")));
        Assert.All(Row("btm")[1..^2], cell => Assert.Matches(@"^\d", cell));
        Assert.Equal(["-", "-"], Row("btm")[^2..]);
    }

    [Theory, MemberData(nameof(Matched))]
    public void A_matched_mixture_has_the_flops_of_bam_within_a_step(string mixture)
    {
        var (flops, steps) = (run.First.Number(mixture, "flops"), run.First.Step(mixture));

        Assert.InRange(flops, run.First.Number("bam", "flops") - (flops / steps), run.First.Number("bam", "flops") + (flops / steps));
    }

    [Fact]
    public void A_mixture_that_matches_data_has_the_tokens_of_bam() =>
        Assert.Equal(run.First.Number("bam", "tokens"), run.First.Number("btx", "tokens"));

    [Fact]
    public void Every_model_is_evaluated_on_every_domain_before_and_after_the_extension()
    {
        string[] domains = ["general", "law", "math"];

        Assert.Equal(Pairs(Models, domains), Pairs(run.First));
        Assert.Equal(Pairs([.. Models, "code", "bam-more"], [.. domains, "code"]), Pairs(run.Second));
    }

    [Theory, MemberData(nameof(Upcycled))]
    public void An_evaluation_says_how_much_each_expert_was_used(string mixture)
    {
        var experts = RivalsRun.Upcycled[mixture];
        var routes = mixture is not ("sparse" or "btx");

        Assert.All(run.First.Evaluations.Where(row => row.GetProperty("model").GetString() == mixture), row =>
        {
            Assert.Equal(experts, row.GetProperty("experts").EnumerateArray().Select(name => name.GetString()));
            Assert.Equal(2, row.GetProperty("routing").GetArrayLength());
            Assert.All(row.GetProperty("routing").EnumerateArray(), layer =>
            {
                AssertShares(experts.Length, layer.GetProperty("ffn_shares"));
                if (routes)
                    AssertShares(experts.Length, layer.GetProperty("attention_shares"));
                else
                    Assert.Equal(0, layer.GetProperty("attention_shares").GetArrayLength());
            });
        });
    }

    [Theory, MemberData(nameof(Upcycled))]
    public void A_receipt_tells_what_the_mixture_could_do_before_its_first_step(string mixture)
    {
        var opening = run.Receipts[mixture].GetProperty("opening");
        var losses = opening.GetProperty("losses").EnumerateArray().ToList();
        var forced = opening.GetProperty("forced").EnumerateArray().ToList();

        Assert.Equal(["general", "law", "math"], losses.Select(loss => loss.GetProperty("domain").GetString()));
        Assert.Equal(RivalsRun.Upcycled[mixture], forced.Select(expert => expert.GetProperty("expert").GetString()));
        Assert.Equal(mixture == "top-1", opening.GetProperty("ridge_routers").GetBoolean());
        Assert.Equal(mixture == "top-1" ? 2 : 0, opening.GetProperty("ffn_scales").GetArrayLength());
        // Training went on from there: as much text, another number.
        Assert.All(losses, loss =>
        {
            var after = Evaluation(run.First, mixture, loss.GetProperty("domain").GetString()!);
            Assert.Equal(after.GetProperty("tokens").GetInt64(), loss.GetProperty("tokens").GetInt64());
            Assert.NotEqual(after.GetProperty("nll").GetDouble(), loss.GetProperty("nll").GetDouble());
        });
    }

    [Fact]
    public void With_the_attention_and_the_ffn_of_the_seed_model_a_forced_expert_is_the_seed_model()
    {
        // Twins: averages of the seed model alone, so nothing is left that could differ.
        Assert.All(run.Receipts["sparse"].GetProperty("opening").GetProperty("forced").EnumerateArray(), forced =>
        {
            Assert.Equal(forced.GetProperty("dense_nll").GetDouble(), forced.GetProperty("nll").GetDouble(), 1e-5);
            Assert.True(forced.GetProperty("max_logit_difference").GetDouble() < 1e-4, $"{forced}");
        });
    }

    [Fact]
    public void An_eval_of_the_text_has_the_runs_own_perplexity_with_any_batch()
    {
        var measured = Evaluation(run.First, "bam", "math");

        Assert.Equal([1, 7, 32], run.Evaluated.Keys);
        Assert.All(run.Evaluated.Values, row =>
        {
            Assert.Equal(measured.GetProperty("tokens").GetInt64(), row.GetProperty("tokens").GetInt64());
            Assert.Equal(1, row.GetProperty("perplexity").GetDouble() / measured.GetProperty("perplexity").GetDouble(), 1e-6);
        });
    }

    [Fact]
    public void A_mixture_of_the_run_writes_text()
    {
        var texts = run.Generated.EnumerateArray().ToList();

        Assert.Equal(["Section 12. ", ""], texts.Select(text => text.GetProperty("prompt").GetString()));
        Assert.All(texts, text => Assert.Equal(("length", 12), (text.GetProperty("stopped").GetString(), text.GetProperty("tokens").GetInt32())));
    }

    [Fact]
    public void An_extension_says_what_is_new_and_what_stays() => Assert.Contains(
        $"rivals was extended: domain code, branch code, mixture bam-more; {string.Join(", ", Mixtures)} keep their experts and data\n",
        run.Extension.Error, StringComparison.Ordinal);

    [Fact]
    public void An_extension_trains_only_what_is_new()
    {
        Assert.All(Models.Except(["btm"]), model =>
        {
            Assert.Equal(run.First.Step(model), run.Second.Step(model));
            Assert.Equal(run.First.Number(model, "tokens"), run.Second.Number(model, "tokens"));
            Assert.Equal(run.First.Hashes[model], run.Second.Hashes[model]);
        });
        Assert.Equal((60, 20), (run.Second.Step("code"), run.Second.Step("bam-more")));
    }

    [Fact]
    public void A_new_mixture_has_the_new_expert_too() => Assert.Equal(
        ["seed", "law", "math", "code"],
        Evaluation(run.Second, "bam-more", "code").GetProperty("experts").EnumerateArray().Select(name => name.GetString()));

    [Fact]
    public void What_an_old_model_could_do_on_an_old_domain_it_can_do_after_the_extension() => Assert.All(Pairs(run.First), pair => Assert.Equal(
        Evaluation(run.First, pair.Model!, pair.Domain!).GetProperty("nll").GetDouble(),
        Evaluation(run.Second, pair.Model!, pair.Domain!).GetProperty("nll").GetDouble(), 1e-9));

    [Fact]
    public void A_mistake_is_one_line_with_the_nearest_name()
    {
        Assert.Equal(2, run.Mistake.ExitCode);
        Assert.Matches(
            @"\A[^\n]*rivals\.yaml:17: mixtures\.top-1\.attention: [^\n]*did you mean 'soft'\?[^\n]*\n\z", run.Mistake.Error);
    }

    private static void AssertShares(int experts, JsonElement shares)
    {
        var values = shares.EnumerateArray().Select(share => share.GetDouble()).ToList();
        Assert.Equal(experts, values.Count);
        Assert.All(values, share => Assert.InRange(share, 0, 1));
        Assert.Equal(1, values.Sum(), 1e-5);
    }

    private static HashSet<(string? Model, string? Domain)> Pairs(RunView view) =>
        [.. view.Evaluations.Select(row => (row.GetProperty("model").GetString(), row.GetProperty("domain").GetString()))];

    private static HashSet<(string? Model, string? Domain)> Pairs(string[] models, string[] domains) =>
        [.. models.SelectMany(model => domains.Select(domain => ((string?)model, (string?)domain)))];

    private static JsonElement Evaluation(RunView view, string model, string domain) => view.Evaluations.Last(
        row => row.GetProperty("model").GetString() == model && row.GetProperty("domain").GetString() == domain);

    /// <summary>Cells of a model's row in the table of perplexities.</summary>
    private string[] Row(string model)
    {
        var table = run.Table[run.Table.IndexOf("Perplexity", StringComparison.Ordinal)..];
        var row = table.Split('\n').First(line => line.StartsWith($"│ {model} ", StringComparison.Ordinal));
        return [.. row.Split('│', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
    }
}
