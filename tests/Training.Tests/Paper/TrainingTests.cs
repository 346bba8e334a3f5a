using Bam.Contracts.Runs;
using Bam.Training.Checkpoints;
using Bam.Training.Mixing;
using Bam.Training.Model;
using Bam.Training.Optimization;
using Bam.Training.Sessions;
using Bam.Training.Tests.Model;
using Bam.Training.Tests.Optimization;
using Bam.Training.Tests.Sessions;
using static Bam.Training.Tests.Paper.Float64Models;
using static TorchSharp.torch;

namespace Bam.Training.Tests.Paper;

/// <summary>G3 to G5 and C1: what training does to a mixture, and where a branch begins (docs/paper.md).</summary>
public sealed class TrainingTests : IDisposable
{
    private readonly Float64Models _models = new();

    public static TheoryData<KvMode> KvModes => Float64Models.KvModes;

    public static TheoryData<string> Kinds => KindNames;

    public void Dispose() => _models.Dispose();

    [Fact]
    public void G3_the_papers_gate_teaches_the_ffn_router_even_with_identical_experts_and_a_renormalised_top_1_never_does()
    {
        var source = _models.Published.Publish("a");
        MixSource[] twins = [source, source, source], others = [source, _models.Published.Publish("b"), _models.Published.Publish("c")];

        Assert.True(Gradient(twins, KvExperts, "ffn.router") > 1e-3);
        Assert.True(Gradient(others, KvExperts, "ffn.router") > 1e-3);
        Assert.Equal(0.0, Gradient(twins, KvExperts with { FfnRenormalise = true }, "ffn.router"), 1e-15);
        Assert.Equal(0.0, Gradient(others, KvExperts with { FfnRenormalise = true }, "ffn.router"), 1e-15);
        Assert.True(Gradient(others, KvExperts with { FfnRenormalise = true, FfnTopK = 2 }, "ffn.router") > 1e-3);
    }

    [Theory, MemberData(nameof(KvModes))]
    public void G3_the_attention_router_learns_nothing_from_identical_experts_and_something_from_distinct_ones(KvMode kv)
    {
        var source = _models.Published.Publish("a");
        var spec = KvExperts with { Kv = kv };

        Assert.Equal(0.0, Gradient([source, source, source], spec, "attention.router"), 1e-13);
        Assert.True(Gradient([source, _models.Published.Publish("b"), _models.Published.Publish("c")], spec, "attention.router") > 1e-3);
    }

    [Fact]
    public void G3_the_output_changes_with_a_gates_logit_by_the_gate_times_the_experts_distance_from_the_mixture()
    {
        MixSource[] sources = [.. new[] { "a", "b", "c" }.Select(name => _models.Published.Publish(name))];
        var mixture = _models.Mix(sources, KvExperts);
        var (router, n) = (mixture["blocks.0.attention.router.weight"], Input(mixture.Config));
        int time = (int)n.size(1), t = time - 1;
        var u = randn([mixture.Config.Width], float64, generator: new Generator(8));
        Tensor Output() => new AttentionMixture(mixture.Config, mixture, 0).Forward(n, _models.Pass(mixture.Config, time))[0][t];

        // u · y_t knows the router through the gates of token t alone: row k of its gradient is g_k u·(MHA_k - MoA) n_t.
        (u * Output()).sum().backward();

        using var quiet = no_grad();
        var gates = router.matmul(n[0][t]).softmax(0);
        var experts = sources.Select(source => new SlowModel(_models.Load(source)).Attention(0, n[0])[t]).ToArray();
        var mixed = experts.Select((output, k) => gates[k] * output).Aggregate((a, b) => a + b);
        var expected = stack(experts.Select((output, k) => gates[k] * (u * (output - mixed)).sum() * n[0][t]));
        AssertClose(mixed, Output(), 1e-13);
        AssertClose(expected, router.grad!, 1e-12);
    }

    [Theory, MemberData(nameof(KvModes))]
    public void G4_twins_stay_twins_for_ever_under_a_zero_attention_router_and_part_under_a_random_one(KvMode kv)
    {
        var source = _models.Published.Publish("a");
        MixSource[] sources = [source, source, _models.Published.Publish("b")];
        (double Weights, double Rows, double Moved) After(bool zero)
        {
            using var parameters = ModelFolder.Load(_models.Published.Mix(sources, KvExperts with { Kv = kv }).Folder, CPU);
            if (zero)
                EachTensor(parameters, spec => spec.Group == TensorGroup.AttentionRouter, (_, router) => router.zero_());
            var before = parameters["blocks.0.attention.experts.q"].detach().clone();
            Train(parameters, steps: 6, new TrainSpec { Batch = 2, Warmup = 0, LearningRate = 1e-2 });
            using var quiet = no_grad();
            double Parted(string part) => Enumerable.Range(0, Shapes.Dense.Layers)
                .Max(layer => Distance(parameters[$"blocks.{layer}.attention.{part}"], 0, 1));
            string[] stacked = kv == KvMode.Experts ? ["experts.q", "experts.k", "experts.v", "experts.o"] : ["experts.q", "experts.o"];
            Assert.True(Distance(parameters["blocks.0.attention.experts.q"], 0, 2) > 0.1);
            return (stacked.Max(Parted), Parted("router.weight"), (parameters["blocks.0.attention.experts.q"] - before).abs().max().item<float>());
        }

        var (twins, strangers) = (After(zero: true), After(zero: false));

        Assert.True(twins.Moved > 0.02);
        Assert.InRange(twins.Weights, 0, 1e-6);                                 // 0 where this was written
        Assert.InRange(twins.Rows, 0, 1e-6);
        Assert.True(strangers.Weights > 0.005, $"parted by {strangers.Weights} only");
    }

    [Theory, MemberData(nameof(Kinds))]
    public void G5_every_tensor_of_a_mixture_moves_in_one_step(string kind)
    {
        MixSource[] sources = [.. new[] { "a", "b", "c" }.Select(name => _models.Published.Publish(name, Shapes.Dense with { Tied = false }))];
        using var parameters = ModelFolder.Load(_models.Published.Mix(sources, Kind(kind)).Folder, CPU);
        var before = parameters.Masters.Select(tensor => tensor.detach().clone()).ToArray();

        Train(parameters, steps: 1, new TrainSpec { Batch = 4, Warmup = 0, WeightDecay = 0 });      // decay alone would move everything

        foreach (var (spec, old, now) in parameters.Specs.Zip(before, parameters.Masters))
        {
            // Experts one by one: all attend, and of 64 tokens each FFN expert has some.
            for (var part = 0; part < Math.Max(1, spec.Experts); part++)
            {
                var moved = spec.Experts > 0 ? now[part].ne(old[part]) : now.ne(old);
                Assert.True(moved.any().item<bool>(), $"{spec.Name}, expert {part}, stays as it is");
            }
        }
    }

    [Fact]
    public void C1_a_branch_begins_with_the_bits_of_the_seed_model()
    {
        using var run = new TinyRun();
        var token = TestContext.Current.CancellationToken;
        var seed = new TrainingSession(run.Job("seed"), new TinyRun.Observer()).Run(token).Checkpoint!;
        var job = run.Job("digits", parent: seed.Folder);

        // A branch of no steps publishes the weights that it would have started from.
        var first = new TrainingSession(job with { Member = job.Member with { Steps = 0 } }, new TinyRun.Observer()).Run(token).Checkpoint!;
        using var other = new TinyRun();
        var trained = new TrainingSession(other.Job("digits", parent: seed.Folder), new TinyRun.Observer()).Run(token).Checkpoint!;

        Assert.Equal(seed.ModelSha256, first.ModelSha256);
        Assert.NotEqual(seed.ModelSha256, trained.ModelSha256);
    }

    /// <summary>Norm of the NLL's gradient in all routers of a kind.</summary>
    private double Gradient(MixSource[] sources, MixtureSpec spec, string router)
    {
        var parameters = _models.Mix(sources, spec);
        var targets = Tokens(TransformerTests.Ids(2, seed: 10));
        _models.Model(parameters).Loss(Tokens(_models.Ids), targets, new LossWeights(0, 0)).Total.backward();
        return Math.Sqrt(parameters.Specs.Where(one => one.Name.Contains(router, StringComparison.Ordinal))
            .Sum(one => parameters[one.Name].grad?.square().sum().item<double>() ?? 0));
    }

    private static double Distance(Tensor experts, int one, int other) => (experts[one] - experts[other]).abs().max().item<float>();

    private static void Train(ParameterSet parameters, int steps, TrainSpec spec)
    {
        using var model = new Transformer(parameters);
        using var optimizer = new AdamW(parameters, spec);
        var trainer = new Trainer(model, optimizer, new RandomBatches(parameters.Config.Vocab), spec, steps);
        for (var step = 0; step < steps; step++)
            trainer.Advance(read: false);
    }
}
