namespace Bam.Training.Profiling;

/// <summary>What an operation of torch does in our step, by its name.</summary>
internal static class OperationGroup
{
    public const string
        Matmul = "matmul", Attention = "attention", Norm = "norm", Rope = "rope", SwiGlu = "swiglu and gates", Residual = "residual",
        Routing = "routing", Loss = "loss", Embedding = "embedding", Optimizer = "optimizer", Copies = "copies", Other = "other",
        Host = "between operations";

    // The first part of a name that fits counts: special ones before those that they contain.
    private static readonly (string Part, string Group)[] Parts =
    [
        ("scaled_dot_product", Attention), ("flash_attention", Attention), ("efficient_attention", Attention), ("Efficient", Attention), ("Flash", Attention),
        ("layer_norm", Norm), ("LayerNorm", Norm), ("rms_norm", Norm), ("RmsNorm", Norm), ("rsqrt", Norm),
        ("grouped_mm", Matmul), ("linear", Matmul), ("matmul", Matmul), ("addmm", Matmul), ("bmm", Matmul), ("::mm", Matmul), ("MmBackward", Matmul),
        ("log_softmax", Loss), ("LogSoftmax", Loss), ("nll_loss", Loss), ("NllLoss", Loss), ("cross_entropy", Loss),
        ("embedding", Embedding), ("Embedding", Embedding),
        ("view_as_", Rope), ("ViewAs", Rope),
        ("silu", SwiGlu), ("Silu", SwiGlu),
        ("softmax", Routing), ("Softmax", Routing), ("topk", Routing), ("Topk", Routing), ("sort", Routing), ("index", Routing), ("Index", Routing),
        ("gather", Routing), ("Gather", Routing), ("scatter", Routing), ("Scatter", Routing), ("cumsum", Routing), ("logsumexp", Routing),
        ("Logsumexp", Routing), ("bincount", Routing),
        ("copy", Copies), ("clone", Copies), ("Clone", Copies), ("contiguous", Copies), ("::to", Copies), ("ToCopy", Copies), ("cat", Copies),
        ("stack", Copies), ("zero", Copies), ("fill", Copies), ("empty", Copies), ("repeat", Copies), ("Repeat", Copies),
        ("mul", SwiGlu), ("Mul", SwiGlu), ("add", Residual), ("Add", Residual),
    ];

    /// <param name="name">Name of an operator, or of a node of autograd.</param>
    public static string Of(string name)
    {
        foreach (var (part, group) in Parts)
        {
            if (name.Contains(part, StringComparison.Ordinal))
                return group;
        }

        return Other;
    }
}
