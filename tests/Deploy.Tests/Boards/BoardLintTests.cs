using System.Text.Json;

namespace Bam.Deploy.Tests.Boards;

/// <summary>
/// The published rules of Grafana's dashboard linter (github.com/grafana/dashboard-linter, docs/rules), each under its own name, and a few of
/// ours. Two do not fit: template-instance-rule and target-instance-rule want every board and query to choose by <c>instance</c>. A model
/// moves from silo to silo, so the boards of a run are sums over instances by design; where one silo is meant, <c>silo</c>, which is on every
/// series that a silo gives, takes the place of its address. target-promql-rule and template-label-promql-rule are held by a real Prometheus (WatchedRunTests).
/// </summary>
public sealed class BoardLintTests
{
    /// <summary>Of those that Grafana knows (packages/grafana-data, valueFormats/categories.ts), the ones that we use.</summary>
    private static readonly string[] Units =
        ["none", "percentunit", "percent", "sci", "s", "ms", "bytes", "mbytes", "Bps", "flops", "reqps", "ops", "watt", "celsius"];

    [Fact]
    public void There_are_the_four_boards() =>
        Assert.Equal(["branch-and-mixture", "cluster", "experts", "run-overview"], Board.All.Select(board => board.Name));

    [Theory, ClassData(typeof(BoardNames))]
    public void Template_datasource_rule(string name)
    {
        var source = Assert.Single(Board.Of(name).Variables, variable => variable.Type == "datasource");

        Assert.Equal(("datasource", "Data source", "prometheus"), (source.Name, source.Label, source.Query));
    }

    [Theory, ClassData(typeof(BoardNames))]
    public void Template_job_rule(string name)
    {
        var job = Assert.Single(Board.Of(name).Variables, variable => variable.Name == "job");

        Assert.Equal(("query", "Job", true, ".+"), (job.Type, job.Label, job.IsMulti, job.AllValue));
    }

    [Theory, ClassData(typeof(BoardNames))]
    public void Template_on_time_change_reload_rule_and_every_query_asks_the_templated_source(string name) =>
        Assert.All(Board.Of(name).Variables.Where(variable => variable.Type == "query"), variable =>
            Assert.Equal((2, "${datasource}"), (variable.Refresh, variable.DataSource)));

    [Theory]
    [InlineData("run-overview", "run", "branch")]
    [InlineData("branch-and-mixture", "run", "branch", "silo")]
    [InlineData("experts", "run", "branch")]
    [InlineData("cluster", "silo")]
    public void A_board_chooses_by(string name, params string[] variables) =>
        Assert.Equal(["datasource", "job", .. variables], Board.Of(name).Variables.Select(variable => variable.Name));

    [Theory, ClassData(typeof(BoardNames))]
    public void Every_variable_is_used(string name)
    {
        var board = Board.Of(name);
        var expressions = string.Concat(board.Panels.SelectMany(panel => panel.Targets).Select(target => target.Expression));

        Assert.All(board.Variables.Where(variable => variable.Type == "query"), variable =>
            Assert.Contains($"{variable.Name}=~\"${variable.Name}\"", expressions, StringComparison.Ordinal));
    }

    [Theory, ClassData(typeof(BoardNames))]
    public void Panel_datasource_rule(string name) => Assert.All(Board.Of(name).Panels, panel =>
        Assert.All([panel.DataSource, .. panel.Targets.Select(target => target.DataSource)], source => Assert.Equal("${datasource}", source)));

    [Theory, ClassData(typeof(BoardNames))]
    public void Panel_title_description_rule(string name) => Assert.All(Board.Of(name).Panels, panel =>
        Assert.True(panel.Title.Length > 2 && panel.Description.Length > 8, $"{panel}: no title or description"));

    [Theory, ClassData(typeof(BoardNames))]
    public void Panel_units_rule(string name) => Assert.All(Board.Of(name).Panels, panel => Assert.Contains(panel.Unit, Units));

    [Theory, ClassData(typeof(BoardNames))]
    public void Panel_no_targets_rule(string name) => Assert.All(Board.Of(name).Panels, panel => Assert.NotEmpty(panel.Targets));

    [Theory, ClassData(typeof(BoardNames))]
    public void Target_rate_interval_rule(string name) => Assert.All(Targets(name), target =>
        Assert.All(PromQl.Ranges(target.Expression), range => Assert.Equal("$__rate_interval", range)));

    /// <summary>NVIDIA's series are joined with the silos' by host, so their silos' job is the one that is chosen.</summary>
    [Theory, ClassData(typeof(BoardNames))]
    public void Target_job_rule(string name) => Assert.All(Targets(name), target => Assert.All(PromQl.Selectors(target.Expression), selector =>
        Assert.True(
            selector.Matchers.Contains("job=~\"$job\"", StringComparison.Ordinal)
                || (selector.Metric.StartsWith("DCGM_", StringComparison.Ordinal) && target.Expression.Contains("on (host) group_left ()", StringComparison.Ordinal)),
            $"{selector.Metric} in {target.Expression}")));

    [Theory, ClassData(typeof(BoardNames))]
    public void Target_counter_agg_rule(string name) => Assert.All(Targets(name), target => Assert.Empty(PromQl.Counters(target.Expression)));

    [Theory, ClassData(typeof(BoardNames))]
    public void Template_uneditable_rule_and_identities_that_last(string name)
    {
        var board = Board.Of(name);

        Assert.False(board.IsEditable);
        Assert.Equal(JsonValueKind.Null, board.Id.ValueKind);
        Assert.StartsWith("bam-", board.Uid, StringComparison.Ordinal);
        Assert.Equal(board.Panels.Count, board.Panels.Select(panel => panel.Id).Distinct().Count());
        Assert.Equal(board.Panels.Count, board.Panels.Select(panel => panel.Title).Distinct().Count());
    }

    [Fact]
    public void No_two_boards_share_a_uid_or_a_title() => Assert.Equal(
        (Board.All.Count, Board.All.Count), (Board.All.Select(board => board.Uid).Distinct().Count(), Board.All.Select(board => board.Title).Distinct().Count()));

    [Theory, ClassData(typeof(BoardNames))]
    public void Every_panel_has_thresholds_of_its_own_and_not_the_editors_red_at_80(string name) => Assert.All(Board.Of(name).Panels, panel =>
    {
        var steps = panel.Defaults.GetProperty("thresholds").GetProperty("steps").EnumerateArray().ToArray();
        Assert.Equal(JsonValueKind.Null, steps[0].GetProperty("value").ValueKind);
        var values = steps.Skip(1).Select(step => step.GetProperty("value").GetDouble()).ToArray();
        Assert.Equal(values.Order(), values);
        Assert.DoesNotContain(80, values);
    });

    [Theory, ClassData(typeof(BoardNames))]
    public void Panels_fill_the_grid_and_none_lies_on_another(string name)
    {
        var taken = new Dictionary<(int, int), Panel>();
        foreach (var panel in Board.Of(name).Panels)
        {
            var (x, y, width, height) = panel.Place;
            Assert.InRange(x + width, 1, 24);
            foreach (var cell in from column in Enumerable.Range(x, width) from row in Enumerable.Range(y, height) select (column, row))
                Assert.True(taken.TryAdd(cell, panel), $"{panel} lies on {taken[cell]}");
        }
    }

    [Theory, ClassData(typeof(BoardNames))]
    public void Restarts_and_phases_are_marked(string name) => Assert.Equal(["Phases", "Restarts"], Board.Of(name).Annotations.Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void Shares_and_entropies_are_heat_maps_by_layer() => Assert.All(["ffn", "attention", "expert_token_share"], what =>
        Assert.Contains(Board.Of("experts").Panels, panel => panel.Type == "heatmap"
            && panel.Targets.All(target => target.Expression.Contains(what, StringComparison.Ordinal) && target.Legend.Contains("{{layer}}", StringComparison.Ordinal))));

    private static IEnumerable<Target> Targets(string board) => Board.Of(board).Panels.SelectMany(panel => panel.Targets);
}
