namespace Bam.Client.Reports;

/// <summary>What a model does in a span of the timeline.</summary>
internal enum SpanKind
{
    /// <summary>Waits for a device, or its data and weights are read.</summary>
    Waiting,

    /// <summary>Trains or is evaluated.</summary>
    Training,

    /// <summary>Lost its session and has no new one yet.</summary>
    Recovering,

    /// <summary>Its run is paused.</summary>
    Paused,
}
