using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>Where the FFN router of a layer sends N tokens.</summary>
internal sealed class Routes
{
    /// <summary>Tokens that one block of a kernel counts.</summary>
    public const int TokensPerBlock = 1024;

    public Routes(Arena arena, RouterRule rule, int tokens)
    {
        int k = rule.Chosen, experts = rule.Experts;
        Rule = rule;
        Tokens = tokens;
        Blocks = (tokens + TokensPerBlock - 1) / TokensPerBlock;
        Gates = arena.Numbers(tokens, experts);
        Chosen = arena.Integers(tokens, k);
        Weights = arena.Numbers(tokens, k);
        LogSums = arena.Numbers(tokens);
        Places = arena.Integers(tokens * k);
        TokenOf = arena.Integers(tokens * k);
        WeightOf = arena.Numbers(tokens * k);
        Ends = arena.Integers(experts);
        Shares = arena.Numbers(experts);
        Counts = arena.Integers(Blocks * experts);
        Sums = arena.Numbers(Blocks * experts);
        Squares = arena.Numbers(Blocks);
    }

    public RouterRule Rule { get; }

    public int Tokens { get; }

    public int Blocks { get; }

    /// <summary>Softmax over all experts, [N, E].</summary>
    public Tensor Gates { get; }

    /// <summary>Experts of each token, int32 [N, k].</summary>
    public Tensor Chosen { get; }

    /// <summary>Their weights, [N, k].</summary>
    public Tensor Weights { get; }

    /// <summary>logsumexp of each token's logits, [N].</summary>
    public Tensor LogSums { get; }

    /// <summary>Row of each token and choice when rows are sorted by expert, int32 [N·k].</summary>
    public Tensor Places { get; }

    /// <summary>Token of each such row, int32 [N·k].</summary>
    public Tensor TokenOf { get; }

    /// <summary>Weight of each such row, [N·k].</summary>
    public Tensor WeightOf { get; }

    /// <summary>Where each expert's rows end, int32 [E].</summary>
    public Tensor Ends { get; }

    /// <summary>Part of the rows that each expert has, [E].</summary>
    public Tensor Shares { get; }

    /// <summary>Counts, gate sums and squared logsumexps of blocks of tokens, between two launches.</summary>
    public Tensor Counts { get; }

    public Tensor Sums { get; }

    public Tensor Squares { get; }
}
