using Bam.Contracts.Runs;

namespace Bam.Client.RunFiles;

internal sealed partial class RunFileReader
{
    private static readonly string[] TrainKeys =
    [
        "batch", "learning_rate", "warmup", "weight_decay", "precision", "final_learning_rate", "clip_norm", "beta1", "beta2",
        "load_balance", "router_z", "recompute", "optimizer_states",
    ];

    private static readonly Dictionary<string, Precision> Precisions =
        new() { ["fp32"] = Precision.Float32, ["bf16"] = Precision.BFloat16 };

    /// <summary>The <c>train</c> mapping of a section over the defaults that it inherits.</summary>
    private static TrainSpec Train(YamlSection parent, TrainSpec defaults)
    {
        var section = parent.Section("train");
        section.Allow(TrainKeys);
        return new()
        {
            Batch = section.Int("batch", defaults.Batch, max: 1 << 20),
            LearningRate = section.Number("learning_rate", defaults.LearningRate, NumberRule.Positive),
            Warmup = section.Int("warmup", defaults.Warmup, min: 0),
            WeightDecay = section.Number("weight_decay", defaults.WeightDecay, NumberRule.NotNegative),
            Precision = section.Choice("precision", defaults.Precision, Precisions),
            FinalLearningRate = section.Number("final_learning_rate", defaults.FinalLearningRate, NumberRule.UnitInterval),
            ClipNorm = section.Number("clip_norm", defaults.ClipNorm, NumberRule.Positive),
            Beta1 = section.Number("beta1", defaults.Beta1, NumberRule.BelowOne),
            Beta2 = section.Number("beta2", defaults.Beta2, NumberRule.BelowOne),
            LoadBalance = section.Number("load_balance", defaults.LoadBalance, NumberRule.NotNegative),
            RouterZ = section.Number("router_z", defaults.RouterZ, NumberRule.NotNegative),
            Recompute = section.Flag("recompute", defaults.Recompute),
            OptimizerStates = section.Choice("optimizer_states", defaults.OptimizerStates, Precisions),
        };
    }
}
