using Bam.Contracts.Tests;
using YamlDotNet.RepresentationModel;

namespace Bam.Deploy.Tests.Rules;

/// <summary>Configuration and rules, as Prometheus' own tool sees them.</summary>
public sealed class RuleTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "deploy", "prometheus");

    [Fact]
    public async Task The_configuration_is_sound()
    {
        var (code, output) = await Debian.Promtool(Folder, "", "check", "config", "prometheus.yml");

        Assert.True(code == 0, output);
        Assert.Contains("2 rule files found", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_rules_are_sound_and_none_is_there_twice()
    {
        var (code, output) = await Debian.Promtool(Folder, "", "check", "rules", "--lint=all", "--lint-fatal", "rules/recording.yml", "rules/alerts.yml");

        Assert.True(code == 0, output);
    }

    [Fact]
    public async Task Every_alert_fires_on_what_it_is_for_and_not_on_what_is_near_to_it()
    {
        var (code, output) = await Debian.Promtool(Path.Combine(Folder, "tests"), "", "test", "rules", "alerts.test.yml");

        Assert.True(code == 0, output);
    }

    [Fact]
    public void Every_alert_has_a_test_in_which_it_fires_and_one_in_which_it_does_not()
    {
        var tests = Mappings(Root(Path.Combine("tests", "alerts.test.yml"))["tests"])
            .Where(test => test.Children.ContainsKey("alert_rule_test")).SelectMany(test => Mappings(test["alert_rule_test"])).ToArray();
        string[] Tested(bool fires) => [.. tests
            .Where(test => ((YamlSequenceNode)test["exp_alerts"]).Children.Count > 0 == fires).Select(test => $"{test["alertname"]}").Distinct().Order(StringComparer.Ordinal)];
        var alerts = Alerts().Select(alert => $"{alert["alert"]}").Order(StringComparer.Ordinal).ToArray();

        Assert.Equal(alerts, Tested(fires: true));
        Assert.Equal(alerts, Tested(fires: false));
    }

    [Fact]
    public void Every_alert_has_a_severity_and_a_summary_that_says_what_to_do()
    {
        string[] verbs = ["look", "read", "see", "lower", "put", "remove", "free", "try", "cancel", "reason is in"];

        Assert.All(Alerts(), alert =>
        {
            Assert.Contains($"{alert["labels"]["severity"]}", (string[])["critical", "warning"]);
            Assert.Contains(verbs, verb => $"{alert["annotations"]["summary"]}".Split(':', 2)[^1].Contains(verb, StringComparison.Ordinal));
        });
    }

    private static IEnumerable<YamlMappingNode> Alerts() => Mappings(Root(Path.Combine("rules", "alerts.yml"))["groups"]).SelectMany(group => Mappings(group["rules"]));

    private static IEnumerable<YamlMappingNode> Mappings(YamlNode sequence) => ((YamlSequenceNode)sequence).Children.Cast<YamlMappingNode>();

    private static YamlNode Root(string file)
    {
        var stream = new YamlStream();
        using var text = File.OpenText(Path.Combine(Folder, file));
        stream.Load(text);
        return stream.Documents[0].RootNode;
    }
}
