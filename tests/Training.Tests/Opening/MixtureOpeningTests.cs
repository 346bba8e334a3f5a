using Bam.Contracts.Runs;
using Bam.Training.Mixing;
using Bam.Training.Sessions;
using Bam.Training.Tests.Sessions;

namespace Bam.Training.Tests.Opening;

/// <summary>What happens to a mixture between the mix and its first step, from checkpoints to the receipt in every later one.</summary>
public sealed class MixtureOpeningTests(TrainedExperts experts) : IClassFixture<TrainedExperts>, IDisposable
{
    private readonly List<TinyRun> _others = [];

    public void Dispose() => _others.ForEach(run => run.Dispose());

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
    public void Each_expert_is_held_against_its_own_dense_model()
    {
        var (opening, _) = Open(Spec);

        Assert.Equal([("seed", 0), ("digits", 1)], opening.Forced.Select(forced => (forced.Expert, forced.Index)));
        Assert.All(opening.Forced, forced => Assert.True(forced.MaxLogitDifference > 0));      // norms and embeddings are averages
        Assert.All(opening.Forced, forced => Assert.Equal(forced.DenseNll, forced.Nll, 0.2));
        Assert.NotEqual(opening.Forced[0].DenseNll, opening.Forced[1].DenseNll);
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
        Run(experts.Run.Job("digits", attempt: 2), dense);

        // Even gates of two: every output is halved, and the factor that undoes it is 2.
        Assert.All(opening.FfnScales, factor => Assert.Equal(2, factor, 1e-3));
        Assert.All(opening.Forced, forced => Assert.InRange(forced.MaxLogitDifference, 0, 1e-4));     // held against the copies, not the rescaled
        var digits = opening.Losses.Single(loss => loss.Domain == "digits");
        Assert.Equal(dense.Final["digits"].Nll, digits.Nll, 1e-3);
        Assert.True(digits.NllWithoutRescale > digits.Nll + 0.02, $"{digits.NllWithoutRescale} without, {digits.Nll} with");
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
            var layers = after.Final[domain].Routing;
            Assert.True(layers.Average(layer => layer.FfnShares[expert]) > 0.8, $"{domain}: {string.Join(", ", layers)}");
            Assert.True(layers.Average(layer => layer.AttentionShares[expert]) > 0.7, $"{domain}: {string.Join(", ", layers)}");
        }

        // Random routers know nothing of domains.
        Assert.All(before.Final["letters"].Routing.Zip(before.Final["digits"].Routing), pair =>
            Assert.Equal(pair.First.AttentionShares[0], pair.Second.AttentionShares[0], 0.3));
    }

    [Fact]
    public void The_receipt_with_the_opening_lies_in_every_checkpoint_that_follows_and_survives_a_resume()
    {
        var run = Prepare(Spec);
        var first = new TinyRun.Observer(stopAt: 3);
        Run(run, first);
        var second = new TinyRun.Observer();

        var ended = Run(run with { Attempt = 2 }, second);

        Assert.Equal(first.Opening!.Losses, second.Opening!.Losses);      // told again, not measured again
        var receipt = MixReceipt.Read(ended.Checkpoint!.Folder)!;
        Assert.Equal(["seed", "digits"], receipt.Experts.Select(expert => expert.Name));
        Assert.Equal(experts.Digits.ModelSha256, receipt.Experts[1].ModelSha256);
        Assert.Equal(first.Opening.Losses, receipt.Opening!.Losses);
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
        var job = Prepare(Spec) with { Experts = [("seed", "/nowhere"), ("digits", experts.Digits.Folder)] };
        var observer = new TinyRun.Observer();

        Run(job, observer);

        Assert.Empty(observer.Opening!.Forced);
        Assert.Equal("/nowhere is not there", observer.Opening.ForcedSkipped);
        Assert.Equal(2, observer.Opening.Losses.Count);
    }

    private MixtureSpec Spec => experts.Run.Spec.Mixtures[0];

    private (MixOpening Opening, TinyRun.Observer Observer) Open(MixtureSpec spec)
    {
        var observer = new TinyRun.Observer();
        Run(Prepare(spec), observer);
        return (observer.Opening!, observer);
    }

    /// <summary>Mixes in a store of its own; the job trains what came out.</summary>
    private TrainingJob Prepare(MixtureSpec spec)
    {
        var run = new TinyRun { Spec = experts.Run.Spec with { Mixtures = [spec] } };
        _others.Add(run);
        Mixer.Mix([new("seed", experts.Seed), new("digits", experts.Digits)], spec, run.Spec.Seed, run.Store(spec.Name), TestContext.Current.CancellationToken);
        return run.Job(spec.Name) with
        {
            Experts = [.. spec.Experts.Select(name => (name, (name == "seed" ? experts.Seed : experts.Digits).Folder))],
        };
    }

    private static TrainingOutcome Run(TrainingJob job, ITrainingObserver observer) => TrainedExperts.Train(job, observer);

    /// <summary>Dies with the third step.</summary>
    private sealed class DyingObserver : TinyRun.Observer
    {
        public override void Stepped(long step, TimeSpan duration, TimeSpan dataWait)
        {
            if (step == 3)
                throw new InvalidOperationException("died");
        }
    }
}
