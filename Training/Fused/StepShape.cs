using Bam.Training.Kernels;
using Bam.Training.Model;

namespace Bam.Training.Fused;

/// <summary>Sizes of a step that its parts share.</summary>
/// <param name="Config">The model.</param>
/// <param name="Batch">Sequences B of one context length T each.</param>
internal sealed record StepShape(ModelConfig Config, int Batch)
{
    public int Time => Config.Context;

    /// <summary>Tokens N = B·T.</summary>
    public int Tokens => Batch * Config.Context;

    /// <summary>Query heads' numbers of all attention experts, E_a·H·K.</summary>
    public int QueryWidth => Config.AttentionExperts * Config.Heads * Config.HeadWidth;

    /// <summary>What a block's last product reads of each token: heads, and a dense FFN's hidden numbers beside them.</summary>
    public int OutWidth => QueryWidth + (Config.Experts == 0 ? Config.Ffn : 0);

    /// <summary>Numbers of all keys, E_kv·Hkv·K.</summary>
    public int KeyWidth => Config.KvExperts * Config.KvHeads * Config.HeadWidth;

    /// <summary>Rows that the FFN computes: N, or N·k of a mixture.</summary>
    public int FfnRows => Config.Experts == 0 ? Tokens : Tokens * Config.FfnTopK;

    public NormRule Norm => new(Config.Norm == Contracts.Runs.NormKind.RmsNorm, Config.NormEps);

    public RouterRule AttentionRouter => new(Config.Experts, Config.AttentionTopK, Config.AttentionRenormalise && Config.AttentionTopK < Config.Experts);

    public RouterRule FfnRouter => new(Config.Experts, Config.FfnTopK, Config.FfnRenormalise);

    public HeadLayout Heads => new(
        Config.AttentionExperts, Config.Heads, Config.KvHeads, Config.HeadWidth, Config.AttentionExperts > Config.KvExperts);
}
