using Bam.Contracts.Runs;

namespace Bam.Training.Model;

/// <summary>The tensors of a model, in the order of its checkpoint. Counting parameters allocates nothing.</summary>
public static class TensorLayout
{
    /// <summary>Every tensor of the model that <paramref name="config"/> describes.</summary>
    public static IReadOnlyList<TensorSpec> Of(ModelConfig config)
    {
        long d = config.Width, f = config.Ffn, q = (long)config.Heads * config.HeadWidth, kv = (long)config.KvHeads * config.HeadWidth;
        var tensors = new List<TensorSpec> { new("embed.weight", [config.Vocab, d], TensorGroup.Embedding) };
        for (var i = 0; i < config.Layers; i++)
        {
            var block = $"blocks.{i}";
            tensors.Add(new($"{block}.norm.weight", [d], TensorGroup.Norm));
            tensors.Add(Attention(block, "q", config.AttentionExperts, config.RoutesAttention, q, d));
            tensors.Add(Attention(block, "k", config.KvExperts, config.RoutesAttention && config.Kv == KvMode.Experts, kv, d));
            tensors.Add(Attention(block, "v", config.KvExperts, config.RoutesAttention && config.Kv == KvMode.Experts, kv, d));
            tensors.Add(Attention(block, "o", config.AttentionExperts, config.RoutesAttention, d, q));
            if (config.RoutesAttention)
                tensors.Add(new($"{block}.attention.router.weight", [config.Experts, d], TensorGroup.AttentionRouter));
            tensors.Add(Ffn(block, "gate", config.Experts, f, d));
            tensors.Add(Ffn(block, "up", config.Experts, f, d));
            tensors.Add(Ffn(block, "down", config.Experts, d, f));
            if (config.Experts > 0)
                tensors.Add(new($"{block}.ffn.router.weight", [config.Experts, d], TensorGroup.FfnRouter));
        }

        tensors.Add(new("norm.weight", [d], TensorGroup.Norm));
        if (!config.Tied)
            tensors.Add(new("head.weight", [config.Vocab, d], TensorGroup.Head));
        return tensors;
    }

    /// <summary>Parameters in all.</summary>
    public static long Parameters(ModelConfig config) => Of(config).Sum(tensor => tensor.Count);

    /// <summary>Parameters that one token uses: all but the FFN experts it is not sent to (both routers counted).</summary>
    public static long ActiveParameters(ModelConfig config) => Of(config).Sum(tensor =>
        tensor is { Group: TensorGroup.Ffn, Experts: > 0 } ? tensor.Count / tensor.Experts * config.FfnTopK : tensor.Count);

    private static TensorSpec Attention(string block, string name, int experts, bool stacked, long rows, long columns) => stacked
        ? new($"{block}.attention.experts.{name}", [experts, rows, columns], TensorGroup.Attention, experts)
        : new($"{block}.attention.{name}.weight", [rows, columns], TensorGroup.Attention);

    private static TensorSpec Ffn(string block, string name, int experts, long rows, long columns) => experts > 0
        ? new($"{block}.ffn.experts.{name}", [experts, rows, columns], TensorGroup.Ffn, experts)
        : new($"{block}.ffn.{name}.weight", [rows, columns], TensorGroup.Ffn);
}
