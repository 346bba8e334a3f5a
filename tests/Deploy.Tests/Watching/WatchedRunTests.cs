using System.Text.RegularExpressions;
using Bam.Contracts.Tests;
using Bam.Deploy.Tests.Boards;
using Bam.Deploy.Tests.Rules;

namespace Bam.Deploy.Tests.Watching;

[Collection(nameof(WatchedRunCollection))]
public sealed partial class WatchedRunTests
{
    /// <summary>Panels that may rightly be empty, with the reason.</summary>
    private static readonly Dictionary<string, string> MayBeEmpty = new()
    {
        ["run-overview / Alerts that fire"] = "no alert fires in a run of a minute: the quickest waits for one",
    };

    /// <summary>Selectors of alerts that may rightly find nothing.</summary>
    private static readonly string[] MayBeMissing = [];

    private readonly WatchedRun _run;

    public WatchedRunTests(WatchedRun run)
    {
        _ = Debian.Program("prometheus");   // or the test is skipped
        _run = run;
    }

    [Fact]
    public void The_run_completed_and_one_silo_died_on_the_way()
    {
        Assert.Equal("completed", _run.View.Phase);
        Assert.InRange(_run.View.Restarts, 1, 2);
    }

    [Fact]
    public async Task Every_metric_of_the_contract_is_exported_with_its_type_its_labels_and_help()
    {
        var metrics = new Dictionary<string, (string Type, string Help)>();
        foreach (var metric in _run.Expositions.SelectMany(Exposition.Metrics))
            metrics[metric.Key] = metric.Value;

        foreach (var (name, (type, labels)) in Contract.Metrics)
        {
            Assert.True(metrics.TryGetValue(name, out var seen), $"{name} is not exported");
            Assert.Equal((name, type), (name, seen.Type));
            Assert.True(seen.Help.Length > 10, $"{name} has no help");
            var series = await Series(type == "histogram" ? $"{name}_count" : name);
            Assert.All(series, one => Assert.Equal(
                labels.Append("silo").Order(StringComparer.Ordinal), one.Labels.Keys.Except(["__name__", "job", "instance", "host"]).Order(StringComparer.Ordinal)));
        }

        Assert.Empty(metrics.Keys.Where(name => name.StartsWith("bam_", StringComparison.Ordinal)).Except(Contract.Metrics.Keys));
        Assert.All(["orleans_", "dotnet_", "http_server_", "kestrel_"], prefix => Assert.Contains(metrics.Keys, name => name.StartsWith(prefix, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_numbers_are_those_of_the_run()
    {
        var shares = await Series("sum by (layer) (bam_expert_token_share)");
        Assert.All(shares, layer => Assert.All(layer.Values, sum => Assert.Equal(1, sum, 1e-3)));
        Assert.Equal(2, shares.Count);

        var states = await Series("sum by (branch) (max by (branch, state) (bam_branch_state))");
        Assert.Equal(WatchedRun.Models.Order(StringComparer.Ordinal), states.Select(state => state.Labels["branch"]).Order(StringComparer.Ordinal));
        Assert.Equal(WatchedRun.Domains, (await Series("group by (domain) (bam_validation_loss)")).Select(domain => domain.Labels["domain"]).Order(StringComparer.Ordinal));
        Assert.Equal(1, Assert.Single(await Series("max(bam_run_progress_ratio)")).Values[^1]);
        Assert.Equal(["silo-1", "silo-2"], (await Series("group by (silo) (bam_build_info)")).Select(silo => silo.Labels["silo"]).Order(StringComparer.Ordinal));
        var restarts = Assert.Single(await Series("sum(run_branch_reason:bam_restarts:max{reason=~\"lost|stuck|failed|damaged\"})"));
        Assert.Equal((0, _run.View.Restarts), (restarts.Values[0], restarts.Values[^1]));
        var mfu = Assert.Single(await Series("max(bam_mfu_ratio)")).Values;
        Assert.InRange(mfu.Min(), 1e-5, 1.2);
        Assert.InRange(mfu.Max(), 1e-3, 1.2);
    }

    [Fact]
    public async Task The_exposition_of_our_metrics_is_without_blemish()
    {
        var (_, output) = await Debian.Promtool(Repository.Root, _run.Expositions.MaxBy(text => text.Length)!, "check", "metrics");

        Assert.DoesNotContain("error while linting", output, StringComparison.Ordinal);
        Assert.DoesNotContain(output.Split('\n'), line => line.StartsWith("bam_", StringComparison.Ordinal));
    }

    [Theory, ClassData(typeof(BoardNames))]
    public async Task Every_panel_of_a_board_shows_what_it_says(string name)
    {
        foreach (var panel in Board.Of(name).Panels)
        {
            foreach (var target in panel.Targets)
            {
                var series = await Series(Expand(target.Expression));
                if (MayBeEmpty.ContainsKey($"{panel}"))
                    continue;
                Assert.True(series.Count > 0, $"{panel} is empty: {target.Expression}");
                Assert.All(series, one =>
                {
                    Assert.All(PromQl.Labels(target.Legend), label => Assert.True(one.Labels.ContainsKey(label), $"{panel}: no label {label} in {target.Expression}"));
                    if (panel.Type == "heatmap")
                        Assert.All(one.Values, value => Assert.InRange(value, 0, 1.2));
                });
                Assert.True(series.Any(one => one.Values.Any(double.IsFinite)), $"{panel} has no number: {target.Expression}");
                Assert.True(panel.Unit != "percentunit" || panel.Type == "table" || series.All(one => one.Values.Where(double.IsFinite).All(value => value is >= 0 and <= 1.5)), $"{panel} is no ratio");
                if (panel.Type != "table")
                    Assert.Equal(series.Count, series.Select(one => Legend(target.Legend, one)).Distinct().Count());
            }
        }
    }

    [Theory, ClassData(typeof(BoardNames))]
    public async Task Every_variable_of_a_board_has_values_to_choose_from(string name)
    {
        foreach (var variable in Board.Of(name).Variables.Where(variable => variable.Type == "query"))
        {
            var query = LabelValues().Match(variable.Query);
            Assert.True(query.Success, variable.Query);
            var values = await _run.Prometheus.Get($"/api/v1/label/{query.Groups["label"].Value}/values", ("match[]", Expand(query.Groups["selector"].Value)));
            string[] expected = variable.Name switch
            {
                "job" => ["bam"],
                "run" => [WatchedRun.Name],
                "silo" => ["silo-1", "silo-2"],
                _ when name == "experts" => ["bam"],
                _ => WatchedRun.Models,
            };
            Assert.Equal(expected.Order(StringComparer.Ordinal), values.EnumerateArray().Select(value => value.GetString()!));
        }
    }

    [Theory, ClassData(typeof(BoardNames))]
    public async Task A_restart_and_every_change_of_phase_are_marked(string name)
    {
        var board = Board.Of(name);

        var restarts = await Series(Expand(board.Annotations["Restarts"]));
        Assert.Contains(restarts, mark => (mark.Labels["branch"], mark.Labels["reason"]) == ("law", "lost"));
        var phases = await Series(Expand(board.Annotations["Phases"]));
        Assert.Superset(new HashSet<string> { "branch", "continue", "completed" }, phases.Select(mark => mark.Labels["phase"]).ToHashSet());
    }

    [Fact]
    public async Task Every_rule_is_healthy_and_every_recording_rule_has_data()
    {
        var groups = (await _run.Prometheus.Get("/api/v1/rules")).GetProperty("groups").EnumerateArray();
        var rules = groups.SelectMany(group => group.GetProperty("rules").EnumerateArray()).ToArray();

        Assert.Equal(14, rules.Count(rule => rule.GetProperty("type").GetString() == "recording"));
        foreach (var rule in rules)
        {
            var (name, query) = (rule.GetProperty("name").GetString()!, rule.GetProperty("query").GetString()!);
            Assert.True(rule.GetProperty("health").GetString() == "ok", $"{name}: {rule}");
            if (rule.GetProperty("type").GetString() == "recording")
                Assert.True((await Series(query)).Count > 0 && (await Series(name)).Count > 0, $"{name} has no data");
        }
    }

    /// <summary>An alert that does not fire has no data; but every series that it looks at is there, so that it could.</summary>
    [Fact]
    public async Task Everything_that_an_alert_looks_at_exists()
    {
        var groups = (await _run.Prometheus.Get("/api/v1/rules", ("type", "alert"))).GetProperty("groups").EnumerateArray();
        foreach (var query in groups.SelectMany(group => group.GetProperty("rules").EnumerateArray()).Select(rule => rule.GetProperty("query").GetString()!))
        {
            foreach (var (metric, matchers) in PromQl.Selectors(query).Where(selector => !MayBeMissing.Contains(selector.Metric)))
                Assert.True((await Series($"{metric}{{{matchers}}}")).Count > 0, $"no {metric}{{{matchers}}}, of {query}");
        }
    }

    [Fact]
    public async Task No_alert_fires_in_a_run_that_recovers()
    {
        Assert.Empty(await Series("ALERTS{alertstate=\"firing\"}"));
    }

    [Fact]
    public void Traces_of_phases_checkpoints_and_recoveries_were_sent_where_the_standard_variable_says()
    {
        Assert.All(_run.Traces, request => Assert.Equal("/v1/traces", request.Path));
        var sent = string.Concat(_run.Traces.Select(request => request.Body));

        Assert.All(["phase", "checkpoint", "recovery", "bam.run", WatchedRun.Name, "bam-silo", "silo-1"], word => Assert.Contains(word, sent, StringComparison.Ordinal));
    }

    private Task<IReadOnlyList<Series>> Series(string expression) => _run.Prometheus.Range(expression, _run.Began, _run.Ended);

    /// <summary>What Grafana makes of an expression when everything is chosen.</summary>
    private static string Expand(string expression) => Variable().Replace(expression, match => match.Value == "$__rate_interval" ? "15s" : ".+");

    private static string Legend(string legend, Series series) => PromQl.Labels(legend).Aggregate(legend, (text, label) =>
        text.Replace($"{{{{{label}}}}}", series.Labels.GetValueOrDefault(label), StringComparison.Ordinal));

    [GeneratedRegex(@"\$[a-z_]+")]
    private static partial Regex Variable();

    [GeneratedRegex(@"^label_values\((?<selector>.+), (?<label>[a-z]+)\)$")]
    private static partial Regex LabelValues();
}
