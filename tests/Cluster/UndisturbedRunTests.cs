using System.Globalization;
using System.Text;

namespace Bam.Cluster;

[Collection(nameof(UndisturbedRunCollection))]
public sealed class UndisturbedRunTests(UndisturbedRun run)
{
    private static readonly string[] Dense = ["seed", "law", "math", "code"], Models = [.. Dense, "bam", "bam-shared", "btx"];

    [Fact]
    public void Every_model_is_evaluated_on_every_domain()
    {
        var pairs = run.View.Evaluations.Select(row => (row.GetProperty("model").GetString(), row.GetProperty("domain").GetString())).ToHashSet();

        Assert.Equal(Models.SelectMany(model => new[] { "general", "law", "math", "code" }.Select(domain => ((string?)model, (string?)domain))).ToHashSet(), pairs);
    }

    [Theory]
    [InlineData("law")]
    [InlineData("math")]
    [InlineData("code")]
    public void A_dense_expert_is_the_best_dense_model_on_its_own_domain(string domain)
    {
        var best = run.View.Evaluations
            .Where(row => row.GetProperty("domain").GetString() == domain && Dense.Contains(row.GetProperty("model").GetString()))
            .MinBy(row => row.GetProperty("nll").GetDouble());

        Assert.Equal(domain, best.GetProperty("model").GetString());
    }

    [Theory]
    [InlineData("bam")]
    [InlineData("bam-shared")]
    [InlineData("btx")]
    public void A_mixture_is_better_on_average_than_any_dense_model(string mixture)
    {
        double Average(string model) => run.View.Evaluations.Where(row => row.GetProperty("model").GetString() == model)
            .Average(row => row.GetProperty("perplexity").GetDouble());

        Assert.All(Dense, dense => Assert.True(Average(mixture) < Average(dense), $"{mixture} {Average(mixture)}, {dense} {Average(dense)}"));
    }

    [Fact]
    public void Nothing_restarted() => Assert.Equal(0, run.View.Restarts);

    [Fact]
    public void The_metrics_of_the_contract_are_there_beside_those_of_orleans_and_dotnet()
    {
        string[] wanted =
        [
            "bam_loss", "bam_grad_norm", "bam_learning_rate", "bam_tokens_total", "bam_steps_total", "bam_target_steps",
            "bam_step_duration_seconds_bucket", "bam_data_wait_seconds_total", "bam_model_flops_total", "bam_device_memory_bytes",
            "bam_checkpoint_duration_seconds_bucket", "bam_checkpoint_bytes", "bam_checkpoint_last_success_timestamp_seconds",
            "bam_last_progress_timestamp_seconds", "bam_branch_state", "bam_expert_token_share", "bam_router_entropy",
            "bam_load_balance_loss", "bam_router_z_loss", "bam_validation_loss", "bam_build_info",
        ];

        Assert.Empty(wanted.Except(run.Metrics.Keys));
        Assert.Contains(run.Metrics.Keys, name => name.StartsWith("orleans_", StringComparison.Ordinal));
        Assert.Contains(run.Metrics.Keys, name => name.StartsWith("dotnet_", StringComparison.Ordinal));
    }

    [Fact]
    public void A_report_of_it_has_every_model_its_curves_and_what_its_routers_did()
    {
        string[] plots = ["loss-branches", "loss-mixtures", "validation-general", "validation-law", "validation-math", "validation-code", "experts-bam", "experts-bam-shared", "experts-btx", "timeline"];
        Assert.Equal(
            plots.SelectMany(plot => new[] { $"{plot}.png", $"{plot}-dark.png" }).Append("report.html").Append("report.md").Order(StringComparer.Ordinal),
            run.Report.Keys.Order(StringComparer.Ordinal));
        var (text, page) = (Encoding.UTF8.GetString(run.Report["report.md"]), Encoding.UTF8.GetString(run.Report["report.html"]));

        Assert.Contains("| **completed** |", text, StringComparison.Ordinal);
        Assert.Contains("None: every model trained in one attempt", text, StringComparison.Ordinal);
        Assert.Contains($"```yaml\nname: {SmallRun.Name}\nseed: 11\n", text, StringComparison.Ordinal);
        foreach (var row in run.View.Evaluations)
            Assert.Contains(row.GetProperty("perplexity").GetDouble().ToString("F3", CultureInfo.InvariantCulture), text, StringComparison.Ordinal);
        Assert.All(Models, model => Assert.Contains(run.View.Hashes[model], text, StringComparison.Ordinal));
        Assert.All(Models, model => Assert.Contains(run.View.Hashes[model], page, StringComparison.Ordinal));
        Assert.Equal(plots.Length, page.Split("<img src=\"data:image/png;base64,").Length - 1);
    }

    [Fact]
    public void Silos_were_healthy_all_the_time() => Assert.All(run.Health, status => Assert.Equal(200, status));
}
