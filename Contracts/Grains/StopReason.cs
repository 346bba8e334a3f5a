namespace Bam.Contracts.Grains;

/// <summary>Why a training session is told to end.</summary>
[GenerateSerializer, Alias("bam.StopReason")]
public enum StopReason
{
    Cancelled,

    /// <summary>Its device slot went to another silo.</summary>
    Moved,

    /// <summary>Its silo shuts down.</summary>
    Shutdown,

    /// <summary>The run is paused.</summary>
    Paused,
}
