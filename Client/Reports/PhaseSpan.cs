namespace Bam.Client.Reports;

/// <summary>A phase of a run.</summary>
/// <param name="Title">As the event log has it.</param>
internal sealed record PhaseSpan(string Title, DateTimeOffset Begin, DateTimeOffset End);
