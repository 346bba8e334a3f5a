namespace Bam.Contracts.Status;

/// <summary>A piece of the event log after a cursor.</summary>
/// <param name="Events">Events in order, none skipped.</param>
/// <param name="Next">Cursor for the next call: the sequence number of the last event read.</param>
[GenerateSerializer, Immutable, Alias("bam.EventPage")]
public sealed record EventPage([property: Id(0)] IReadOnlyList<RunEvent> Events, [property: Id(1)] long Next);
