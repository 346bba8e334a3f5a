using Bam.Training.Checkpoints;
using Bam.Training.Faults;
using Bam.Training.Sessions;

namespace Bam.Training.Tests.Sessions;

/// <summary>What saves do to a training: nothing.</summary>
public sealed class SavingTests : IDisposable
{
    private readonly TinyRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void A_save_that_takes_long_holds_no_step_and_the_next_one_is_put_off_until_it_is_done()
    {
        using var released = new ManualResetEventSlim();
        var observer = new Telling(step =>
        {
            if (step == 13)
                released.Set();
        });
        var inTime = true;
        var faults = new Saves((_, step) => inTime &= step != 5 || released.Wait(TimeSpan.FromSeconds(20)));

        var ended = Run(_run.Job("digits") with { Faults = faults }, observer);

        Assert.True(inTime, "the training waited for the save");
        Assert.True(ended.Completed);
        long[] saved = [.. observer.Saves.Select(save => save.Checkpoint!.Manifest.Step)];
        Assert.Equal((5, 20), (saved[0], saved[^1]));
        Assert.All(saved[1..], step => Assert.InRange(step, 13, 20));
    }

    [Fact]
    public void Saves_that_fail_stop_nothing_and_the_last_one_is_tried_until_it_is_stored()
    {
        using var straight = new TinyRun();
        var undisturbed = Run(straight.Job("digits"), new TinyRun.Observer()).Checkpoint!;
        var left = 3;
        var observer = new TinyRun.Observer();

        var ended = Run(_run.Job("digits") with { Faults = new Saves((point, _) => Fail(point == FaultPoint.SaveManifest && left-- > 0)) }, observer);

        Assert.Equal(undisturbed.ModelSha256, ended.Checkpoint!.ModelSha256);
        Assert.Equal(["space", "space", "space", null], observer.Saves.Select(save => save.Reason));
        Assert.Contains("not saved: No space left on device; free space", observer.Saves[0].Problem!.Message, StringComparison.Ordinal);
        Assert.Equal(20, observer.Steps.Count);
        Assert.Equal(2, observer.Final.Count);
    }

    [Fact]
    public void A_training_whose_last_save_fails_ends_when_it_is_told_to_stop()
    {
        var observer = new TinyRun.Observer(stopAt: 20);

        var ended = Run(_run.Job("digits") with { Faults = new Saves((_, step) => Fail(step == 20)) }, observer);

        Assert.False(ended.Completed);
        Assert.Equal(15, ended.Checkpoint!.Manifest.Step);
        Assert.Empty(observer.Final);
    }

    [Fact]
    public void An_attempt_that_is_overtaken_while_it_trains_ends_at_its_next_save()
    {
        TinyRun.Observer observer = null!;
        observer = new Telling(step =>
        {
            if (step != 7)
                return;
            Assert.True(SpinWait.SpinUntil(() => observer.Saves.Count == 1, TimeSpan.FromSeconds(20)));
            _run.Store("digits").Fence(attempt: 2);
        });

        Assert.Throws<StaleAttemptException>(() => Run(_run.Job("digits"), observer));

        Assert.Equal(5, _run.Store("digits").Newest(out _)!.Manifest.Step);
        Assert.Equal("fenced", observer.Saves[^1].Reason);
    }

    private static void Fail(bool now)
    {
        if (now)
            throw new IOException("No space left on device", hresult: 28);
    }

    private static TrainingOutcome Run(TrainingJob job, TinyRun.Observer observer) =>
        new TrainingSession(job, observer).Run(TestContext.Current.CancellationToken);

    /// <summary>Does something at every point of a save.</summary>
    private sealed class Saves(Action<FaultPoint, long> act) : IFaults
    {
        public void At(FaultPoint point, string member, long step)
        {
            if (point is >= FaultPoint.SaveStaged and <= FaultPoint.SaveManifest)
                act(point, step);
        }

        public bool Poisons(string member, long step) => false;
    }

    private sealed class Telling(Action<long> stepped) : TinyRun.Observer
    {
        public override void Stepped(long step, TimeSpan duration, TimeSpan dataWait)
        {
            base.Stepped(step, duration, dataWait);
            stepped(step);
        }
    }
}
