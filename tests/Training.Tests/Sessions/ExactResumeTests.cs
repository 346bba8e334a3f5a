using Bam.Contracts.Runs;
using Bam.Training.Checkpoints;
using Bam.Training.Data;
using Bam.Training.Evaluation;
using Bam.Training.Mixing;
using Bam.Training.Optimization;
using Bam.Training.Sessions;
using Bam.Training.Tests.Model;
using Bam.Training.Tests.Optimization;

namespace Bam.Training.Tests.Sessions;

/// <summary>What died and went on is what never died: weights, moments, losses, rates, the history of them, and every window once an epoch.</summary>
public sealed class ExactResumeTests : IDisposable
{
    private const int Steps = 90;

    private readonly TinyRun _straight = new(), _broken = new();

    public ExactResumeTests() => (_straight.Spec, _broken.Spec) = (Longer(_straight.Spec), Longer(_broken.Spec));

    public void Dispose()
    {
        _straight.Dispose();
        _broken.Dispose();
    }

    [Theory]
    [InlineData("digits", 1)]
    [InlineData("digits", 2)]
    [InlineData("bam", 3)]
    public void A_training_that_is_killed_at_any_steps_has_the_readings_and_the_bits_of_one_that_was_not(string member, int seed)
    {
        var random = new Random(seed);
        var undisturbed = new Record();
        var straight = Run(Ready(_straight, member), undisturbed).Checkpoint!;
        var job = Ready(_broken, member);
        var readings = new SortedDictionary<long, StepReading>();
        TrainingOutcome? outcome = null;

        var attempt = 0;
        for (var next = 0; outcome is null; attempt++)
        {
            next = attempt < 3 ? random.Next(next + 1, Steps * (attempt + 1) / 3) : int.MaxValue;
            var record = new Record(killAt: next);
            outcome = Survive(job with { Attempt = attempt + 1 }, record);
            foreach (var reading in record.Readings)
                readings[reading.Step] = reading;
        }

        Assert.Equal(4, attempt);
        Assert.Equal(straight.ModelSha256, outcome.Checkpoint!.ModelSha256);
        Assert.Equal(straight.Manifest.Files[Checkpoint.OptimizerFile], outcome.Checkpoint.Manifest.Files[Checkpoint.OptimizerFile]);
        Assert.Equal(straight.Manifest.Files[TrainingHistory.FileName], outcome.Checkpoint.Manifest.Files[TrainingHistory.FileName]);
        Assert.Equal((straight.State.Step, straight.State.Tokens, straight.State.Windows), (outcome.Checkpoint.State.Step, outcome.Checkpoint.State.Tokens, outcome.Checkpoint.State.Windows));
        var common = undisturbed.Readings.Where(reading => readings.ContainsKey(reading.Step)).ToArray();
        Assert.Equal(Steps / 10, common.Count(reading => reading.Step % 10 == 0));
        Assert.Equal(common.Select(Numbers), common.Select(reading => Numbers(readings[reading.Step])));
    }

    [Fact]
    public void A_point_of_the_history_is_the_mean_loss_of_its_steps_and_each_evaluation_is_there_once()
    {
        var each = new Record();
        _straight.Spec = _straight.Spec with { Checkpoints = new CheckpointSpec(Every: 1, Keep: 1) };
        Run(Ready(_straight, "digits"), each);                                 // it reads every step

        var history = TrainingHistory.Of(Run(Ready(_broken, "digits"), new Record()).Checkpoint!);

        Assert.Equal(Steps, each.Readings.Count);
        Assert.Equal([1L, 7, 10, 14, 20, 21], history.Training.Take(6).Select(point => point.Step));
        Assert.Equal((Steps, Steps * TinyRun.Train.Batch * _broken.Spec.Model.Context), (history.Training[^1].Step, history.Training[^1].Tokens));
        foreach (var (index, point) in history.Training.Index())
        {
            var before = index == 0 ? 0 : history.Training[index - 1].Step;
            Assert.Equal(each.Readings.Where(reading => reading.Step > before && reading.Step <= point.Step).Average(reading => reading.Loss), point.Loss, tolerance: 1e-5);
        }

        Assert.Equal(
            [.. from step in Enumerable.Range(1, Steps / 6 - 1) from domain in new[] { "letters", "digits" } select (6L * step, domain)],
            history.Validation.Select(point => (point.Step, point.Domain)));
    }

    [Fact]
    public void An_evaluation_in_which_a_training_is_stopped_is_made_by_the_next_attempt()
    {
        var straight = Run(Ready(_straight, "digits"), new Record()).Checkpoint!;
        using var stopping = new CancellationTokenSource();
        var stopped = new StopsInEvaluation(atStep: 42, stopping);              // a checkpoint is due there too

        Assert.False(new TrainingSession(Ready(_broken, "digits"), stopped).Run(stopping.Token).Completed);
        var resumed = new Record();
        var ended = Run(Ready(_broken, "digits") with { Attempt = 2 }, resumed).Checkpoint!;

        Assert.Equal(42, resumed.Start!.Step);
        Assert.Equal(straight.Manifest.Files[TrainingHistory.FileName], ended.Manifest.Files[TrainingHistory.FileName]);
    }

    [Fact]
    public void Ten_crashes_leave_a_history_in_which_every_window_is_trained_once_an_epoch()
    {
        var random = new Random(7);
        var job = Ready(_broken, "digits");
        var history = new List<long>();
        TrainingOutcome? outcome = null;

        for (var crash = 0; outcome is null; crash++)
        {
            var record = new Record(killAt: crash < 10 ? (crash * 8) + random.Next(2, 9) : int.MaxValue);
            outcome = Survive(job with { Attempt = crash + 1 }, record);
            Assert.InRange(record.Start!.Step, 0, history.Count);              // no step is left out
            history.RemoveRange((int)record.Start.Step, history.Count - (int)record.Start.Step);
            history.AddRange(record.Steps);
        }

        Assert.Equal(11, outcome.Checkpoint!.Manifest.Attempt);
        Assert.Equal([.. Enumerable.Range(1, Steps).Select(step => (long)step)], history);
        AssertEachWindowOnceAnEpoch(job, history);
    }

    [Fact]
    public void A_training_that_goes_on_at_step_a_billion_draws_one_batch_for_its_first_step()
    {
        using var parameters = Training.Model.ParameterSet.Random(Shapes.Dense, seed: 1, TorchSharp.torch.CPU);
        using var model = new Training.Model.Transformer(parameters);
        using var optimizer = new AdamW(parameters, TinyRun.Train);
        var batches = new Counted(new RandomBatches(Shapes.Dense.Vocab));

        new Trainer(model, optimizer, batches, TinyRun.Train, steps: 2_000_000_000, step: 1_000_000_000).Advance(read: false);

        Assert.Equal([1_000_000_000], batches.Drawn);
    }

    private static RunSpec Longer(RunSpec spec) => spec with
    {
        // The digits have about 200 windows: the second epoch begins near step 70.
        Branches = [spec.Branches[0] with { Steps = Steps }],
        Mixtures = [spec.Mixtures[0] with { Steps = Steps, Frozen = FrozenParts.Experts, FrozenSteps = Steps / 2 }],
        Checkpoints = new CheckpointSpec(Every: 7, Keep: 2),
        Evaluate = spec.Evaluate with { Every = 6 },
    };

    private static TrainingJob Ready(TinyRun run, string member)
    {
        if (member == "bam")
        {
            var models = new[] { "seed", "digits" }.Select(name => new MixSource(name, Run(run.Job(name), new Record()).Checkpoint!));
            Mixer.Mix([.. models], run.Spec.Mixtures[0], run.Spec.Seed, run.Store("bam"), TestContext.Current.CancellationToken);
        }

        return run.Job(member);
    }

    private static TrainingOutcome Run(TrainingJob job, Record record) => new TrainingSession(job, record).Run(TestContext.Current.CancellationToken);

    private static TrainingOutcome? Survive(TrainingJob job, Record record)
    {
        try
        {
            return Run(job, record);
        }
        catch (KilledException)
        {
            return null;
        }
    }

    private static (long, double, double, double) Numbers(StepReading reading) =>
        (reading.Step, reading.Loss, reading.GradientNorm, reading.LearningRate);

    private static void AssertEachWindowOnceAnEpoch(TrainingJob job, IEnumerable<long> history)
    {
        var domains = job.Run.Domains.ToDictionary(domain => domain.Name, domain =>
            DomainData.Open(domain, job.Run.Tokenizer, job.TokenCache, TestContext.Current.CancellationToken));
        try
        {
            var (batch, context) = (job.Member.Train.Batch, job.Run.Model.Context);
            var source = new BatchSource(
                job.Run.Seed, job.Member.Name, [.. job.Member.Domains.Select(share => (domains[share.Domain], share.Share))], batch, context);
            var drawn = job.Member.Domains.Select(_ => new List<long>()).ToArray();
            foreach (var step in history)
            {
                var rows = new int[batch];
                source.Fill(step - 1, new long[batch * context], new long[batch * context], rows);
                foreach (var domain in rows)
                    drawn[domain].Add(source.WindowStart(domain, drawn[domain].Count));
            }

            Assert.True(drawn[0].Count > source.Windows(0), $"{drawn[0].Count} windows are less than an epoch of {source.Windows(0)}");
            Assert.All(drawn.Index(), domain => Assert.All(
                domain.Item.Chunk((int)source.Windows(domain.Index)), epoch => Assert.Equal(epoch.Length, epoch.Distinct().Count())));
        }
        finally
        {
            foreach (var data in domains.Values)
                data.Dispose();
        }
    }

    /// <summary>A crash: nothing is saved, nothing is told.</summary>
    private sealed class KilledException : Exception;

    private sealed class Record(long killAt = long.MaxValue) : TinyRun.Observer
    {
        public List<StepReading> Readings { get; } = [];

        public override void Read(StepReading reading) => Readings.Add(reading);

        public override void Stepped(long step, TimeSpan duration, TimeSpan dataWait)
        {
            base.Stepped(step, duration, dataWait);
            if (step >= killAt)
                throw new KilledException();
        }
    }

    private sealed class StopsInEvaluation(long atStep, CancellationTokenSource stopping) : TinyRun.Observer
    {
        public override bool ShouldStop() => stopping.IsCancellationRequested;

        public override void Evaluated(string domain, PerplexityResult result, long step, bool final)
        {
            if (step == atStep)
                stopping.Cancel();                                             // after the first of two domains
        }
    }

    private sealed class Counted(IBatchSource batches) : IBatchSource
    {
        public List<long> Drawn { get; } = [];

        public void Fill(long step, Span<long> inputs, Span<long> targets)
        {
            Drawn.Add(step);
            batches.Fill(step, inputs, targets);
        }
    }
}
