using System.Text.RegularExpressions;

namespace Bam.Deploy.Tests.Boards;

/// <summary>What rules need to see of an expression; whether it is PromQL at all is for Prometheus to say.</summary>
internal static partial class PromQl
{
    /// <summary>Selectors of series, with their matchers: <c>bam_loss{job="bam"}</c>; a metric without matchers has empty ones.</summary>
    public static IEnumerable<(string Metric, string Matchers)> Selectors(string expression) => Selector().Matches(WithoutGrouping().Replace(expression, " "))
        .Select(match => (match.Groups["metric"].Value, match.Groups["matchers"].Value));

    /// <summary>Ranges of an expression, such as <c>$__rate_interval</c>.</summary>
    public static IEnumerable<string> Ranges(string expression) => Range().Matches(expression).Select(match => match.Groups[1].Value);

    /// <summary>Counters that are not inside of <c>rate</c>, <c>irate</c> or <c>increase</c>.</summary>
    public static IEnumerable<string> Counters(string expression) => CountedUnranged().Matches(expression).Select(match => match.Value);

    /// <summary>Labels that a legend names.</summary>
    public static IEnumerable<string> Labels(string legend) => Label().Matches(legend).Select(match => match.Groups[1].Value);

    // Names of labels look like names of metrics.
    [GeneratedRegex(@"\b(by|on|ignoring|without|group_left|group_right)\s*\([^)]*\)")]
    private static partial Regex WithoutGrouping();

    [GeneratedRegex(@"\b(?<metric>(bam|run|run_branch|run_branch_reason|run_branch_layer|orleans|dotnet|http|kestrel|scrape|up|ALERTS|DCGM|process|target_info)\b[a-zA-Z0-9_:]*|(bam|orleans|dotnet|http|kestrel|scrape|DCGM)_[a-zA-Z0-9_:]*)(\{(?<matchers>[^}]*)\})?")]
    private static partial Regex Selector();

    [GeneratedRegex(@"\[([^\]]+)\]")]
    private static partial Regex Range();

    [GeneratedRegex(@"(?<!\b(rate|irate|increase)\s*\(\s*)\b[a-zA-Z_:][a-zA-Z0-9_:]*_total\b")]
    private static partial Regex CountedUnranged();

    [GeneratedRegex(@"\{\{\s*([a-z_]+)\s*\}\}")]
    private static partial Regex Label();
}
