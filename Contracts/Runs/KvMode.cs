namespace Bam.Contracts.Runs;

/// <summary>Whether attention experts have keys and values of their own.</summary>
[GenerateSerializer, Alias("bam.KvMode")]
public enum KvMode
{
    /// <summary>KV experts: W_q, W_k, W_v and W_o per expert.</summary>
    Experts,

    /// <summary>KV sharing: W_q and W_o per expert, W_k and W_v averaged.</summary>
    Shared,
}
