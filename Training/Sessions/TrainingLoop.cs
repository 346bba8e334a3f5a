using System.Diagnostics;
using System.Globalization;
using Bam.Contracts.Status;
using Bam.Training.Checkpoints;
using Bam.Training.Faults;
using Bam.Training.Optimization;

namespace Bam.Training.Sessions;

/// <summary>
/// The steps of an attempt, and what guards them. A save holds a step for no longer than a copy, and one that fails stops nothing: it is tried
/// again. A batch that gives no finite loss or gradient halts the optimizer on the device; the loop notices, goes back to the newest
/// sound checkpoint and leaves that batch out.
/// </summary>
/// <param name="job">What is trained.</param>
/// <param name="observer">Who is told.</param>
/// <param name="trainer">The step.</param>
/// <param name="optimizer">Its optimizer.</param>
/// <param name="saver">Where checkpoints go.</param>
/// <param name="start">Where the training stands.</param>
/// <param name="goBack">Sets weights and moments to the newest sound checkpoint, or to the start.</param>
/// <param name="evaluate">Evaluates between two steps; gives nothing when it was told to stop.</param>
internal sealed class TrainingLoop(
    TrainingJob job, ITrainingObserver observer, Trainer trainer, AdamW optimizer, CheckpointSaver saver, TrainingPosition start,
    Func<TrainingPosition> goBack, Func<long, IReadOnlyList<ValidationPoint>> evaluate)
{
    private const int ReadEvery = 10;

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    private readonly SaveSchedule _schedule = new(job.Run.Checkpoints.Every, start.Durable, TimeProvider.System);
    private string? _parent = start.Folder;
    private double _useful = start.UsefulSeconds;
    private TrainingHistory _history = start.History;
    private long _recordAt = long.MaxValue, _waitedIn = -1;
    private volatile SaveOutcome? _outcome;

    /// <summary>Newest checkpoint that was published; null for none.</summary>
    public Checkpoint? Published { get; private set; }

    /// <summary>Trains to the end, and until the end is stored.</summary>
    /// <returns>False when it was told to stop.</returns>
    /// <exception cref="TrainingException">It cannot go on.</exception>
    /// <exception cref="StaleAttemptException">A newer attempt has taken over.</exception>
    public bool Run()
    {
        observer.Charted(_history);
        if (IsEvaluationDue)
            Chart(_history.With(evaluate(trainer.Step)));                      // the attempt before was stopped in it
        while (trainer.Step < job.Member.Steps || _schedule.Durable < trainer.Step)
        {
            ThrowIfRefused();
            if (trainer.Step < job.Member.Steps)
            {
                if (observer.ShouldStop())
                {
                    Stop();
                    return false;
                }

                Step();
            }
            else if (!saver.IsBusy && _schedule.MayTry)
            {
                Save();
            }
            else if (!saver.IsBusy && observer.ShouldStop())
            {
                return false;
            }
            else
            {
                AwaitSave();
            }
        }

        AwaitWriter();
        return true;
    }

    private void Step()
    {
        Advance();
        if (optimizer.IsHalted)
        {
            GoBack();
            return;
        }

        if (IsEvaluationDue)
        {
            if (!IsSound())
                return;
            Chart(_history.With(evaluate(trainer.Step)));                      // before the save: what is saved has it
        }

        if (trainer.Step >= _recordAt)
            Record();
        else if (_schedule.IsDue(trainer.Step) && IsWriterFree())
            Save();
    }

    private bool IsEvaluationDue => job.Run.Evaluate.Every is var every and > 0 && trainer.Step > 0 && trainer.Step % every == 0
        && trainer.Step < job.Member.Steps && (_history.Validation.Count == 0 || _history.Validation[^1].Step < trainer.Step);

    private void Chart(TrainingHistory history)
    {
        _history = history;
        observer.Charted(history);
    }

    /// <summary>Whether a save can begin. A small checkpoint is written in a moment: the first step of a save that is due waits for that.</summary>
    private bool IsWriterFree()
    {
        var interval = trainer.Step / job.Run.Checkpoints.Every;
        if (saver.IsBusy && interval != _waitedIn)
        {
            _waitedIn = interval;
            saver.Wait(saver.Grace);
            observer.Pulse();
        }

        return !saver.IsBusy;
    }

    private void Advance()
    {
        var began = Stopwatch.GetTimestamp();
        var waited = trainer.DataWait;
        var next = trainer.Step + 1;
        var read = next % ReadEvery == 0 || next == job.Member.Steps || next == 1 || next % job.Run.Checkpoints.Every == 0;
        job.Faults.At(FaultPoint.Step, job.Member.Name, trainer.Step);
        var reading = trainer.Advance(read, job.Faults.Poisons(job.Member.Name, trainer.Step));
        var duration = Stopwatch.GetElapsedTime(began);
        _useful += duration.TotalSeconds;
        observer.Stepped(trainer.Step, duration, trainer.DataWait - waited);
        if (reading is null || !double.IsFinite(reading.Loss) || !double.IsFinite(reading.GradientNorm))
            return;
        observer.Read(reading);
        if (double.IsFinite(reading.MeanLoss))
            Chart(_history.With(new CurvePoint(reading.Step, reading.Step * trainer.TokensPerStep, reading.MeanLoss)));
    }

    /// <summary>Whether every update was made; waits for the device. Goes back when one was not.</summary>
    private bool IsSound()
    {
        if (optimizer.Skipped == 0)
            return true;
        GoBack();
        return false;
    }

    private void Save()
    {
        if (!IsSound())
            return;
        var began = Stopwatch.GetTimestamp();
        _schedule.Began(trainer.Step);
        observer.Saving(trainer.Step);
        saver.Save(State(), _parent, outcome =>
        {
            _outcome = outcome;
            Published = outcome.Checkpoint ?? Published;
            _schedule.Ended(outcome);
            observer.Saved(outcome);
        }, _history with { Unread = trainer.Unread });
        observer.StoodStill(Standstill.Saving, Stopwatch.GetElapsedTime(began));
    }

    /// <summary>Makes the batches left out durable, so that a resumed training leaves out the same even if they would give numbers then.</summary>
    private void Record()
    {
        AwaitWriter();
        Save();
        AwaitWriter();
        if (trainer.Step >= _recordAt)
            _recordAt = long.MaxValue;
    }

    private void Stop()
    {
        AwaitWriter();
        if (trainer.Step > Math.Max(_schedule.Durable, 0) && optimizer.Skipped == 0)
            Save();
        AwaitWriter();
        ThrowIfRefused();
    }

    /// <summary>Waits a moment for the writer, or for the end of a pause. It goes on here: whether the store does is another question.</summary>
    private void AwaitSave()
    {
        var began = Stopwatch.GetTimestamp();
        observer.Pulse();
        if (saver.IsBusy)
            saver.Wait(Patience);
        else
            Thread.Sleep(Patience);
        observer.StoodStill(Standstill.Saving, Stopwatch.GetElapsedTime(began));
    }

    /// <summary>Waits until nothing is being written.</summary>
    private void AwaitWriter()
    {
        while (saver.IsBusy)
            AwaitSave();
        saver.Wait();                                                          // throws what it died of
    }

    private void GoBack()
    {
        var first = trainer.Step - optimizer.Skipped;
        var batch = trainer.Skips.BatchOf(first);
        if (trainer.Skips.IsFull(batch))
            throw new TrainingException(Refusal(first, batch), isFinal: true);
        AwaitWriter();
        var position = goBack();
        trainer.GoBack(position.Step, trainer.Skips.With(batch));
        trainer.Unread = position.History.Unread;
        Chart(position.History);
        _schedule.GoBack(position.Durable);
        var lost = _useful - position.UsefulSeconds;
        (_parent, _useful) = (position.Folder, position.UsefulSeconds);
        _recordAt = Math.Max(first, position.Step + 1);                        // a checkpoint of that very step is there already, without this batch
        observer.Skipped(new SkippedBatch(batch, first, position.Step, lost, position.Damaged));
    }

    private string Refusal(long first, long batch)
    {
        var domains = string.Join(", ", job.Member.Domains.Select(share => string.Create(CultureInfo.InvariantCulture, $"{share.Domain} {share.Share:0.###}")));
        return $"{job.Member.Name}: loss or gradient is not finite at step {first + 1} (batch {batch}, domains {domains}), and {BatchSkips.Limit} batches before it were left out for that; " +
            "lower learning_rate or look at the data";
    }

    private void ThrowIfRefused()
    {
        switch (_outcome?.Problem)
        {
            case StaleAttemptException stale:
                throw stale;
            case NonFiniteException problem:
                throw new TrainingException($"{problem.Message}, though every loss and gradient was; lower learning_rate or weight_decay", isFinal: false);
            default:
                break;
        }
    }

    private TrainingState State()
    {
        var skipped = trainer.Skips.Before(trainer.Step);
        return new TrainingState
        {
            Step = trainer.Step,
            Tokens = trainer.Step * trainer.TokensPerStep,
            Windows = (trainer.Step + skipped.Count) * job.Member.Train.Batch,
            TargetSteps = job.Member.Steps,
            Attempt = job.Attempt,
            Seed = job.Run.Seed,
            Member = job.Member.Name,
            Train = job.Member.Train,
            Threads = job.Threads,
            SkippedBatches = skipped,
            UsefulSeconds = _useful,
        };
    }
}
