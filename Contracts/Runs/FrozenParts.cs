using System.Text.Json.Serialization;

namespace Bam.Contracts.Runs;

/// <summary>What a mixture leaves as it is while its routers warm up.</summary>
[GenerateSerializer, Alias("bam.FrozenParts")]
public enum FrozenParts
{
    None,

    /// <summary>The FFN experts and the attention experts.</summary>
    Experts,

    /// <summary>Everything but the routers.</summary>
    [JsonStringEnumMemberName("all_but_routers")]
    AllButRouters,
}
