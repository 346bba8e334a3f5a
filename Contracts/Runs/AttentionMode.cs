using System.Text.Json.Serialization;

namespace Bam.Contracts.Runs;

/// <summary>What a mixture does with the attention of its dense experts.</summary>
[GenerateSerializer, Alias("bam.AttentionMode")]
public enum AttentionMode
{
    /// <summary>BAM: every expert attends, a router weighs their outputs.</summary>
    Soft,

    /// <summary>BTX: one attention, the average of all.</summary>
    Averaged,

    /// <summary>A token hears the one expert with the largest gate (the paper's table 6).</summary>
    [JsonStringEnumMemberName("top_1")]
    Top1,

    /// <summary>A token hears the two experts with the largest gates (the paper's table 6).</summary>
    [JsonStringEnumMemberName("top_2")]
    Top2,

    /// <summary>One attention, the seed model's.</summary>
    Seed,
}
