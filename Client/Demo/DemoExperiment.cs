using System.Globalization;

namespace Bam.Client.Demo;

/// <summary>The built-in experiment: every number that says how long it takes and how much it reads.</summary>
internal static class DemoExperiment
{
    public const string Name = "demo", FileName = "demo.yaml", DataFolder = "data";

    public const int Seed = 7, SeedSteps = 200, BranchSteps = 160, MixtureSteps = 120, CheckpointEvery = 40, EvaluationTokens = 16_384;

    public const long TrainBytes = 4_000_000, ValidationBytes = 200_000;

    /// <summary>The commented run file.</summary>
    /// <param name="scale">Multiplies every length; at least one step remains.</param>
    /// <param name="precision">bf16 or fp32.</param>
    public static string RunFile(double scale, string precision) => $$"""
        # The built-in experiment of 'bam demo': four small domains, three branches, three mixtures.
        # Change it and run it again with: bam launch demo.yaml (under another name).
        name: {{Name}}
        seed: {{Seed}}                     # every random choice derives from it
        tokenizer: bytes            # UTF-8 bytes and one end of document

        model:                      # a parallel-attention decoder
          layers: 4
          width: 128
          heads: 4
          ffn: 352
          context: 128

        domains:                    # generated text: stories, statutes, programs, worked problems
          general: { train: {{DataFolder}}/general.train.jsonl, validation: {{DataFolder}}/general.validation.jsonl }
          law:     { train: {{DataFolder}}/law.train.jsonl, validation: {{DataFolder}}/law.validation.jsonl }
          code:    { train: {{DataFolder}}/code.train.jsonl, validation: {{DataFolder}}/code.validation.jsonl }
          math:    { train: {{DataFolder}}/math.train.jsonl, validation: {{DataFolder}}/math.validation.jsonl }

        # Defaults of every training below.
        train: { batch: 16, learning_rate: 1e-3, warmup: {{Steps(50, scale)}}, weight_decay: 0.1, precision: {{precision}} }

        # 1. A seed model learns general text.
        seed_model: { domains: { general: 1 }, steps: {{Steps(SeedSteps, scale)}} }

        # 2. Copies of it learn a domain each, with a tenth of general text, on their own.
        branches:
          law:  { domains: { law: 0.9, general: 0.1 }, steps: {{Steps(BranchSteps, scale)}} }
          code: { domains: { code: 0.9, general: 0.1 }, steps: {{Steps(BranchSteps, scale)}} }
          math: { domains: { math: 0.9, general: 0.1 }, steps: {{Steps(BranchSteps, scale)}} }

        # 3. The dense experts, the seed model among them, become mixtures, and train on everything.
        include_seed_as_expert: true
        mixtures:
          btx:        { attention: averaged, ffn_top_k: 1, steps: {{Steps(MixtureSteps, scale)}} }              # FFN experts only
          bam:        { attention: soft, kv: experts, ffn_top_k: 1, steps: {{Steps(MixtureSteps, scale)}} }     # attention experts too
          bam-shared: { attention: soft, kv: shared, ffn_top_k: 1, steps: {{Steps(MixtureSteps, scale)}} }      # one set of keys and values
        mixture_data: { general: 1, law: 1, code: 1, math: 1 }

        checkpoints: { every: {{Steps(CheckpointEvery, scale)}}, keep: 2 }
        evaluate: { every: 0, tokens: {{EvaluationTokens}} }

        """;

    private static string Steps(int steps, double scale) =>
        Math.Clamp(Math.Round(steps * scale), 1, int.MaxValue).ToString("0", CultureInfo.InvariantCulture);
}
