namespace Bam.Deploy.Tests.Boards;

/// <summary>A query of a panel.</summary>
/// <param name="Expression">PromQL with Grafana's variables.</param>
/// <param name="Legend">Name of its series, with <c>{{label}}</c>s.</param>
/// <param name="DataSource">UID of its data source.</param>
internal sealed record Target(string Expression, string Legend, string DataSource);
