using Bam.Client.Plans;
using Bam.Client.RunFiles;
using Bam.Client.Tests.RunFiles;
using Bam.Contracts.Runs;
using Bam.Contracts.Status;
using Bam.Training.Model;

namespace Bam.Client.Tests.Plans;

public sealed class A_plan : IDisposable
{
    private const long ProductWorkspace = 64 << 20;                            // of cuBLASLt

    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("paper-590m", 587_209_728)]
    [InlineData("paper-2b", 1_991_289_600)]
    public void Counts_the_papers_dense_models(string preset, long parameters) =>
        Assert.Equal(parameters, Plan(preset).Models[0].Parameters);

    [Theory]
    [InlineData("bam", 776_002_560)]
    [InlineData("bam-shared", 738_253_824)]
    [InlineData("btx", 700_480_512)]
    public void Counts_the_papers_mixtures_of_four(string mixture, long parameters) =>
        Assert.Equal(parameters, Plan("paper-590m").Models.Single(model => model.Name == mixture).Parameters);

    [Theory]
    [InlineData("paper-590m")]
    [InlineData("tiny")]
    public void Has_groups_that_sum_to_the_total_and_an_active_part_without_the_idle_experts(string preset)
    {
        foreach (var model in Plan(preset).Models)
        {
            Assert.Equal(model.Parameters, model.Groups.Values.Sum());
            var idle = model.Experts == 0 ? 0 : model.Groups[TensorGroup.Ffn] / model.Experts * (model.Experts - 1);
            Assert.Equal(model.Parameters - idle, model.ActiveParameters);
        }
    }

    [Fact]
    public void Adds_a_phase_from_its_models()
    {
        var plan = Plan("tiny");

        Assert.Equal([RunPhase.Seed, RunPhase.Branch, RunPhase.Continue], plan.Phases.Select(phase => phase.Phase));
        Assert.Equal((3, 90L, 90L * 16 * 128), (plan.Phases[1].Models, plan.Phases[1].Steps, plan.Phases[1].Tokens));
        Assert.Equal(plan.Models.Sum(model => model.Flops), plan.Flops, tolerance: 1);
    }

    [Fact]
    public void Counts_the_flops_of_a_dense_token_as_by_hand()
    {
        // 6 per parameter that multiplies (the tied embedding as the head), and causal attention: 3 · L · 2 · T · D.
        const long Layer = (4 * 128 * 128) + (3 * 128 * 352), Head = 320 * 128;
        Assert.Equal((6 * ((4 * Layer) + Head)) + (3 * 4 * 2 * 128 * 128), Plan("tiny").Models[0].FlopsPerToken);
    }

    [Fact]
    public void Estimates_memory_by_its_formula()
    {
        var seed = Plan("tiny").Models[0];
        // In float32: norm, q and k before and after rotation, v, heads, output, gate, silu, up, product, output, two sums; 4 tensors of logits.
        const long Layer = 128 + (2 * 2 * 128) + 128 + 128 + 128 + (4 * 352) + 128 + (2 * 128);
        const long Activations = 16 * 128 * 4 * ((4 * Layer) + (2 * 128) + (4 * 320));

        Assert.Equal(new MemoryPlan(4 * seed.Parameters, 4 * seed.Parameters, 8 * seed.Parameters, 0, Activations), seed.Memory);
    }

    [Fact]
    public void Adds_a_working_copy_and_its_gradients_in_bf16_where_torch_differentiates()
    {
        var spec = Spec("tiny") with { Model = Presets.All["tiny"] with { Heads = 32, KvHeads = 32 } };     // heads too narrow for our kernels
        var (wide, bf16) = (RunPlan.Of(spec).Models[0], RunPlan.Of(InHalf(spec)).Models[0]);

        Assert.Equal((2 * bf16.Parameters, 6 * bf16.Parameters), (bf16.Memory.WorkingCopy, bf16.Memory.Gradients));
        Assert.InRange(bf16.Memory.Activations, wide.Memory.Activations / 2, wide.Memory.Activations - 1);
    }

    [Fact]
    public void Counts_what_the_step_that_is_written_out_keeps_in_bf16()
    {
        var spec = Spec("tiny");
        var (wide, bf16) = (RunPlan.Of(spec).Models[0], RunPlan.Of(InHalf(spec)).Models[0]);

        Assert.InRange(bf16.Memory.WorkingCopy, 2 * bf16.Parameters, 2.02 * bf16.Parameters);              // pieces begin at multiples of 512 bytes
        Assert.InRange(bf16.Memory.Gradients, 2 * bf16.Parameters, bf16.Memory.WorkingCopy);
        Assert.InRange(bf16.Memory.Activations - ProductWorkspace, 1, wide.Memory.Activations / 2);
    }

    [Fact]
    public void Wants_less_memory_for_shared_keys_and_less_still_for_one_attention()
    {
        var memory = Plan("paper-590m").Models.ToDictionary(model => model.Name, model => model.Memory.Total);

        Assert.True(memory["bam"] > memory["bam-shared"] && memory["bam-shared"] > memory["btx"] && memory["btx"] > memory["seed"]);
    }

    [Fact]
    public void Keeps_disk_for_every_checkpoint_and_the_one_being_written()
    {
        var plan = Plan("tiny");

        Assert.Equal(plan.Models.Sum(model => model.Parameters) * 12 * (3 + 1), plan.DiskBytes);
    }

    [Fact]
    public void Omits_times_without_a_measured_speed() => Assert.All(Plan("tiny").Phases, phase => Assert.Null(phase.Duration));

    [Theory]
    [InlineData(1, 3)]
    [InlineData(2, 2)]
    [InlineData(3, 1)]
    [InlineData(8, 1)]
    public void Shares_a_phases_models_among_the_devices(int devices, int turns)
    {
        var plan = RunPlan.Of(Spec("tiny"), flopsPerSecond: 1e9, devices);

        Assert.Equal(turns * plan.Models[1].Flops / 1e9, plan.Phases[1].Duration!.Value.TotalSeconds, tolerance: 1e-3);
    }

    [Fact]
    public void Does_not_train_a_seed_model_that_is_imported()
    {
        var spec = Spec("tiny");
        var plan = RunPlan.Of(spec with { SeedModel = new() { Checkpoint = "/seed" } });

        Assert.Equal([RunPhase.Branch, RunPhase.Continue], plan.Phases.Select(phase => phase.Phase));
        Assert.Equal(0, plan.Models[0].DiskBytes(3));
    }

    [Fact]
    public void Adds_up_frozen_steps_and_the_rest()
    {
        var spec = Spec("tiny");
        var frozen = spec.Mixtures[0] with { Frozen = FrozenParts.Experts, FrozenSteps = 5 };
        var (plain, warmed) = (RunPlan.Of(spec).Models[^3], RunPlan.Of(spec with { Mixtures = [frozen] }).Models[^1]);

        // The gradients of four experts' q, k, v, o and of the one FFN expert that a token uses, in 4 layers, for 5 steps.
        const double Saved = 5 * 16 * 128 * 4.0 * 2 * ((4 * 4 * 128 * 128) + (3 * 128 * 352));
        Assert.Equal(plain.Flops - Saved, warmed.Flops);
        Assert.Equal((5L * 16 * 128, plain.Tokens), (warmed.FrozenTokens, warmed.Tokens));
    }

    [Fact]
    public void Counts_a_dense_rival_as_one_model_and_an_ensemble_as_all_of_them_without_training()
    {
        var spec = Spec("tiny");
        var seed = RunPlan.Of(spec).Models[0];
        var rivals = RunPlan.Of(spec with
        {
            Mixtures =
            [
                spec.Mixtures[0] with { Name = "dense", Kind = MixtureKind.Dense, Experts = ["law"] },
                spec.Mixtures[0] with { Name = "btm", Kind = MixtureKind.Ensemble, Experts = ["law", "code", "math"], Steps = 0 },
            ],
        }).Models;

        Assert.Equal((seed.Parameters, 0, seed.FlopsPerToken, 20), (rivals[^2].Parameters, rivals[^2].Experts, rivals[^2].FlopsPerToken, rivals[^2].Steps));
        Assert.Equal((3 * seed.Parameters, 3 * seed.Parameters, 3), (rivals[^1].Parameters, rivals[^1].ActiveParameters, rivals[^1].Experts));
        Assert.Equal((0L, 0.0, 0L, 12 * seed.Parameters), (rivals[^1].Tokens, rivals[^1].Flops, rivals[^1].DiskBytes(3), rivals[^1].Memory.Total));
    }

    private RunPlan Plan(string preset) => RunPlan.Of(Spec(preset));

    /// <summary>Three branches and the seed model: four experts, as in the paper.</summary>
    private RunSpec Spec(string preset) => _folder.Read($$"""
        name: plan
        model: {{preset}}
        domains: { general: { train: data/general.train.jsonl } }
        seed_model: { domains: { general: 1 }, steps: 40 }
        branches:
          law:  { domains: { general: 1 }, steps: 30 }
          code: { domains: { general: 1 }, steps: 30 }
          math: { domains: { general: 1 }, steps: 30 }
        mixtures:
          bam:        { steps: 20 }
          bam-shared: { kv: shared, steps: 20 }
          btx:        { attention: averaged, steps: 20 }
        """);

    private static RunSpec InHalf(RunSpec spec) => spec with { SeedModel = spec.SeedModel with { Train = new() { Precision = Precision.BFloat16 } } };
}
