using Bam.Contracts.Runs;
using Bam.Training.Checkpoints;
using Bam.Training.Evaluation;
using Bam.Training.Mixing;
using Bam.Training.Optimization;
using Bam.Training.Sessions;
using Bam.Training.Tests.Sessions;

namespace Bam.Training.Tests.Opening;

/// <summary>What happens to a mixture between the mix and its first step, from checkpoints to the receipt in every later one.</summary>
public sealed class MixtureOpeningTests : IDisposable
{
    private readonly TinyRun _run = new();
    private readonly List<TinyRun> _others = [];
    private readonly Checkpoint _seed, _digits;

    public MixtureOpeningTests()
    {
        _seed = Run(_run.Job("seed"), new TinyRun.Observer()).Checkpoint!;
        _digits = Run(_run.Job("digits", parent: _seed.Folder), new TinyRun.Observer()).Checkpoint!;
    }

    public void Dispose()
    {
        _others.ForEach(run => run.Dispose());
        _run.Dispose();
    }

    [Fact]
    public void The_losses_before_the_first_step_are_those_of_the_mixed_model()
    {
        var (opening, _) = Open(Spec);

        Assert.Equal(["letters", "digits"], opening.Losses.Select(loss => loss.Domain));
        Assert.All(opening.Losses, loss => Assert.Equal(500, loss.Tokens));
        Assert.All(opening.Losses, loss => Assert.Null(loss.NllWithoutRescale));
        // Random routers and averaged norms cost something, but it is no random model.
        Assert.All(opening.Losses, loss => Assert.InRange(loss.Nll, 0.1, Math.Log(257)));
        Assert.False(opening.RidgeRouters);
        Assert.Empty(opening.FfnScales);
    }

    [Fact]
    public void A_forced_expert_is_near_its_dense_model_and_far_from_the_other()
    {
        var (opening, _) = Open(Spec);

        Assert.Equal([("seed", 0), ("digits", 1)], opening.Forced.Select(forced => (forced.Expert, forced.Index)));
        foreach (var forced in opening.Forced)
        {
            Assert.True(forced.MaxLogitDifference > 0);      // norms and embeddings are averages
            Assert.True(
                Math.Abs(forced.Nll - forced.DenseNll) < opening.Forced.Min(other => Math.Abs(other.DenseNll - opening.Forced[1 - forced.Index].DenseNll)),
                $"{forced.Expert}: {forced.Nll} against {forced.DenseNll}");
        }
    }

    [Fact]
    public void A_mixture_of_twins_forced_on_either_is_the_dense_model_to_rounding()
    {
        var (opening, _) = Open(Spec with { Experts = ["digits", "digits"] });

        Assert.All(opening.Forced, forced => Assert.InRange(forced.MaxLogitDifference, 0, 1e-4));
        Assert.All(opening.Forced, forced => Assert.Equal(forced.DenseNll, forced.Nll, 1e-5));
    }

    [Fact]
    public void A_rescale_gives_twins_the_loss_of_their_dense_model_back()
    {
        var (opening, _) = Open(Spec with { Experts = ["digits", "digits"], RescaleFfn = true, RouterStd = 1e-4 });
        var dense = new TinyRun.Observer();
        Run(_run.Job("digits", attempt: 2), dense);

        // Even gates of two: every output is halved, and the factor that undoes it is 2.
        Assert.All(opening.FfnScales, factor => Assert.Equal(2, factor, 1e-3));
        var digits = opening.Losses.Single(loss => loss.Domain == "digits");
        Assert.Equal(dense.Final["digits"].Nll, digits.Nll, 1e-3);
        Assert.True(digits.NllWithoutRescale > digits.Nll + 0.05, $"{digits.NllWithoutRescale} without, {digits.Nll} with");
    }

    [Fact]
    public void Ridge_routers_send_each_domain_to_its_expert_and_begin_lower_than_random_ones()
    {
        var (random, before) = Open(Spec with { Name = "random" });
        var (ridge, after) = Open(Spec with { Name = "ridge", RouterInit = RouterInit.Ridge });

        Assert.True(ridge.RidgeRouters);
        Assert.True(ridge.Losses.Average(loss => loss.Nll) < random.Losses.Average(loss => loss.Nll) - 0.05,
            $"{ridge.Losses.Average(loss => loss.Nll)} against {random.Losses.Average(loss => loss.Nll)}");
        // Eight steps later the routers are still sorted: letters to the seed model (trained on them), digits to digits.
        foreach (var (domain, expert) in new[] { ("letters", 0), ("digits", 1) })
        {
            foreach (var layer in after.Final[domain].Routing)
            {
                Assert.True(layer.FfnShares[expert] > 0.9, $"{domain}: {layer.FfnShares[expert]}");
                Assert.True(layer.AttentionShares[expert] > 0.7, $"{domain}: {layer.AttentionShares[expert]}");
            }
        }

        Assert.Contains(before.Final["letters"].Routing, layer => layer.FfnShares[0] < 0.9);
    }

    [Fact]
    public void The_receipt_with_the_opening_lies_in_every_checkpoint_that_follows_and_survives_a_resume()
    {
        var run = Prepare(Spec);
        var first = new TinyRun.Observer(stopAt: 3);
        Run(run, first);
        var second = new TinyRun.Observer();

        var ended = Run(run with { Attempt = 2 }, second);

        Assert.Null(second.Opening);
        var receipt = MixReceipt.Read(ended.Checkpoint!.Folder)!;
        Assert.Equal(["seed", "digits"], receipt.Experts.Select(expert => expert.Name));
        Assert.Equal(_digits.ModelSha256, receipt.Experts[1].ModelSha256);
        Assert.Equal(first.Opening!.Losses, receipt.Opening!.Losses);
        Assert.Equal(first.Opening.Forced, receipt.Opening.Forced);
    }

    [Theory]
    [InlineData(RouterInit.Random, false)]
    [InlineData(RouterInit.Ridge, true)]
    public void An_attempt_that_dies_before_its_first_checkpoint_leaves_no_trace_in_the_bits(RouterInit init, bool rescale)
    {
        var spec = Spec with { RouterInit = init, RescaleFfn = rescale };
        var straight = Run(Prepare(spec with { Name = "straight" }), new TinyRun.Observer()).Checkpoint!;
        var job = Prepare(spec with { Name = "straight" });
        Assert.Throws<InvalidOperationException>(() => Run(job, new DyingObserver()));

        var again = Run(job with { Attempt = 2 }, new TinyRun.Observer()).Checkpoint!;

        Assert.Equal(straight.ModelSha256, again.ModelSha256);
    }

    [Fact]
    public void Sources_that_are_gone_are_said_and_the_rest_is_measured()
    {
        var job = Prepare(Spec) with { Experts = [("seed", "/nowhere"), ("digits", _digits.Folder)] };
        var observer = new TinyRun.Observer();

        Run(job, observer);

        Assert.Empty(observer.Opening!.Forced);
        Assert.Equal("/nowhere is not there", observer.Opening.ForcedSkipped);
        Assert.Equal(2, observer.Opening.Losses.Count);
    }

    private MixtureSpec Spec => _run.Spec.Mixtures[0];

    private (MixOpening Opening, TinyRun.Observer Observer) Open(MixtureSpec spec)
    {
        var observer = new TinyRun.Observer();
        Run(Prepare(spec), observer);
        return (observer.Opening!, observer);
    }

    /// <summary>Mixes in a store of its own; the job trains what came out.</summary>
    private TrainingJob Prepare(MixtureSpec spec)
    {
        var run = new TinyRun { Spec = _run.Spec with { Mixtures = [spec] } };
        _others.Add(run);
        Mixer.Mix([new("seed", _seed), new("digits", _digits)], spec, run.Spec.Seed, run.Store(spec.Name), TestContext.Current.CancellationToken);
        return run.Job(spec.Name) with
        {
            Experts = [.. spec.Experts.Select(name => (name, (name == "seed" ? _seed : _digits).Folder))],
        };
    }

    private static TrainingOutcome Run(TrainingJob job, ITrainingObserver observer) =>
        new TrainingSession(job, observer).Run(TestContext.Current.CancellationToken);

    /// <summary>Dies with the third step.</summary>
    private sealed class DyingObserver : ITrainingObserver
    {
        public bool ShouldStop() => false;

        public void Prepared(PreparedTraining prepared)
        {
        }

        public void Opened(MixOpening opening)
        {
        }

        public void Stepped(long step, TimeSpan duration, TimeSpan dataWait)
        {
            if (step == 3)
                throw new InvalidOperationException("died");
        }

        public void Read(StepReading reading)
        {
        }

        public void Saved(SaveOutcome outcome)
        {
        }

        public void Evaluated(string domain, PerplexityResult result, long step, bool final)
        {
        }

        public void Pulse()
        {
        }
    }
}
