namespace Bam.Contracts.Runs;

/// <summary>What a mixture does with the attention of its dense experts.</summary>
[GenerateSerializer, Alias("bam.AttentionMode")]
public enum AttentionMode
{
    /// <summary>BAM: every expert attends, a router weighs their outputs.</summary>
    Soft,

    /// <summary>BTX: one attention, the average of all.</summary>
    Averaged,
}
