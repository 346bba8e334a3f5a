using Bam.Contracts.Status;

namespace Bam.Grains.Telemetry;

/// <summary>
/// How a run stands, as its coordinator shows it to the exporter. The totals are those of the run's whole life: a coordinator that takes
/// over on another silo goes on where the last one was, and a silo that starts again does not start at zero.
/// </summary>
/// <param name="Status">The run.</param>
/// <param name="Totals">Counts of its models, in the order of the status.</param>
internal sealed record RunReading(RunStatus Status, IReadOnlyList<MemberTotals> Totals);
