using System.Runtime.InteropServices;
using Bam.Training.Checkpoints;
using Bam.Training.Data;
using Bam.Training.Faults;
using Bam.Training.Model;
using Bam.Training.Optimization;
using Bam.Training.Sessions;
using TorchSharp;

namespace Bam.Training.Tests.Sessions;

/// <summary>What becomes of a training with batches that give no finite loss.</summary>
public sealed class NonFiniteTests : IDisposable
{
    private readonly TinyRun _run = new();

    public void Dispose() => _run.Dispose();

    [Theory]
    [InlineData(0)]    // there is no checkpoint: the start weights are drawn again
    [InlineData(5)]    // right after a checkpoint
    [InlineData(7)]
    [InlineData(11)]   // the last step
    public void A_batch_that_gives_no_number_is_left_out_and_the_rest_is_that_of_data_without_it(int bad)
    {
        var observer = new TinyRun.Observer();

        var ended = Run(_run.Job("seed") with { Faults = new Poison(bad) }, observer);

        var skip = Assert.Single(observer.Skips);
        Assert.Equal((bad, bad, bad / 5 * 5), (skip.Batch, skip.Step, skip.ResumedFrom));
        Assert.True(ended.Completed);
        Assert.Equal(BareLoop(bad), Weights(ended.Checkpoint!));
        var state = ended.Checkpoint!.State;
        Assert.Equal([bad], state.SkippedBatches);
        Assert.Equal((12, 13 * 4, 12 * 4 * 32), (state.Step, state.Windows, state.Tokens));
        Assert.All(observer.Losses, loss => Assert.True(double.IsFinite(loss)));
    }

    [Fact]
    public void A_death_after_it_changes_no_bit_even_when_the_batch_would_give_numbers_then()
    {
        using var straight = new TinyRun();
        var undisturbed = Run(straight.Job("digits") with { Faults = new Poison(7) }, new TinyRun.Observer()).Checkpoint!;

        Assert.Throws<DeathException>(() => Run(_run.Job("digits") with { Faults = new Poison(7) }, new Mortal(diesAt: 9)));
        var second = new TinyRun.Observer();
        var ended = Run(_run.Job("digits", attempt: 2), second).Checkpoint!;

        Assert.Equal(7, second.Start!.Step);
        Assert.Empty(second.Skips);
        Assert.Equal(undisturbed.ModelSha256, ended.ModelSha256);
        Assert.Equal(undisturbed.Manifest.Files[Checkpoint.OptimizerFile], ended.Manifest.Files[Checkpoint.OptimizerFile]);
        Assert.Equal([7], ended.State.SkippedBatches);
    }

    [Fact]
    public void A_place_where_no_batch_gives_numbers_ends_the_training_for_good_and_says_where_and_what_to_do()
    {
        var observer = new TinyRun.Observer();

        var failure = Assert.Throws<TrainingException>(() => Run(_run.Job("digits") with { Faults = new Poison(7, always: true) }, observer));

        Assert.True(failure.IsFinal);
        Assert.Equal([7, 8, 9], observer.Skips.Select(skip => skip.Batch));
        Assert.Contains("step 8 (batch 10, domains digits 0.75, letters 0.25)", failure.Message, StringComparison.Ordinal);
        Assert.Contains("lower learning_rate", failure.Message, StringComparison.Ordinal);
        Assert.Equal([7], _run.Store("digits").Newest(out _)!.State.SkippedBatches);
    }

    [Fact]
    public void A_training_that_diverges_ends_for_good_and_publishes_no_number_that_is_not_finite()
    {
        using var hot = new TinyRun { Spec = _run.Spec with { Branches = [_run.Spec.Branches[0] with { Train = TinyRun.Train with { LearningRate = 1e30, Warmup = 0 } }] } };

        var failure = Assert.Throws<TrainingException>(() => Run(hot.Job("digits"), new TinyRun.Observer()));

        Assert.Contains("lower learning_rate", failure.Message, StringComparison.Ordinal);
        Assert.All(Directory.EnumerateFiles(hot.Store("digits").Folder, Checkpoint.ModelFile, SearchOption.AllDirectories), path =>
            Assert.All(Weights(new Checkpoint(Path.GetDirectoryName(path)!, null!)), weight => Assert.True(float.IsFinite(weight))));
    }

    /// <summary>The seed model's training without a session, over data that never had the batch.</summary>
    private float[] BareLoop(long left)
    {
        using var scope = torch.NewDisposeScope();
        var job = _run.Job("seed");
        using var data = DomainData.Open(job.Run.Domains[0], job.Run.Tokenizer, job.TokenCache, TestContext.Current.CancellationToken);
        using var parameters = ParameterSet.Random(
            ModelConfig.Dense(job.Run.Model, "bytes", Tokenizers.VocabSize("bytes")), job.Run.Seed, torch.CPU);
        using var model = new Transformer(parameters);
        using var optimizer = new AdamW(parameters, job.Member.Train);
        var source = new BatchSource(job.Run.Seed, "seed", [(data, 1)], job.Member.Train.Batch, job.Run.Model.Context);
        var trainer = new Trainer(model, optimizer, new Without(source, left), job.Member.Train, job.Member.Steps);
        while (trainer.Step < job.Member.Steps)
            trainer.Advance(read: false);
        return [.. parameters.Masters.SelectMany(tensor => tensor.contiguous().data<float>().ToArray())];
    }

    private static float[] Weights(Checkpoint checkpoint)
    {
        using var parameters = ModelFolder.Load(checkpoint.Folder, torch.CPU);
        return [.. parameters.Masters.SelectMany(tensor => MemoryMarshal.Cast<byte, float>(tensor.contiguous().bytes).ToArray())];
    }

    private static TrainingOutcome Run(TrainingJob job, TinyRun.Observer observer) =>
        new TrainingSession(job, observer).Run(TestContext.Current.CancellationToken);

    /// <summary>Poisons a step, once or each time.</summary>
    private sealed class Poison(long step, bool always = false) : IFaults
    {
        private bool _done;

        public void At(FaultPoint point, string member, long at)
        {
        }

        public bool Poisons(string member, long at)
        {
            if (at != step || (_done && !always))
                return false;
            return _done = true;
        }
    }

    private sealed class Without(IBatchSource source, long left) : IBatchSource
    {
        public void Fill(long step, Span<long> inputs, Span<long> targets) => source.Fill(step < left ? step : step + 1, inputs, targets);
    }

    private sealed class Mortal(long diesAt) : TinyRun.Observer
    {
        public override void Stepped(long step, TimeSpan duration, TimeSpan dataWait)
        {
            base.Stepped(step, duration, dataWait);
            if (step == diesAt)
                throw new DeathException();
        }
    }

    private sealed class DeathException : Exception;
}
