namespace Bam.Contracts.Runs;

/// <summary>How one model is trained: batch, schedule, optimizer, precision and auxiliary losses.</summary>
[GenerateSerializer, Immutable, Alias("bam.TrainSpec")]
public sealed record TrainSpec
{
    /// <summary>Windows of one context length in a step.</summary>
    [Id(0)] public int Batch { get; init; } = 16;

    /// <summary>Peak learning rate.</summary>
    [Id(1)] public double LearningRate { get; init; } = 1e-3;

    /// <summary>Steps of linear warm-up from zero.</summary>
    [Id(2)] public int Warmup { get; init; } = 50;

    /// <summary>Decoupled weight decay, on matrices only.</summary>
    [Id(3)] public double WeightDecay { get; init; } = 0.1;

    [Id(4)] public Precision Precision { get; init; } = Precision.Float32;

    /// <summary>Where the cosine ends, as a part of <see cref="LearningRate"/>.</summary>
    [Id(5)] public double FinalLearningRate { get; init; } = 0.1;

    /// <summary>Largest norm of the whole gradient.</summary>
    [Id(6)] public double ClipNorm { get; init; } = 1.0;

    [Id(7)] public double Beta1 { get; init; } = 0.9;

    [Id(8)] public double Beta2 { get; init; } = 0.95;

    /// <summary>Weight of the load-balancing loss (the paper gives none; BTX uses 0.01).</summary>
    [Id(9)] public double LoadBalance { get; init; } = 0.01;

    /// <summary>Weight of the router z-loss (the paper gives none; ST-MoE uses 0.001).</summary>
    [Id(10)] public double RouterZ { get; init; } = 0.001;

    /// <summary>Whether blocks keep only their input and are computed again in the backward pass: about a third more work, far less memory. On CUDA in bf16.</summary>
    [Id(11)] public bool Recompute { get; init; }

    /// <summary>Type of Adam's two moments: float32, or bfloat16 for 4 bytes less a parameter. On CUDA in bf16.</summary>
    [Id(12)] public Precision OptimizerStates { get; init; } = Precision.Float32;
}
