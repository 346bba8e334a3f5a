using Bam.Contracts.Runs;
using Bam.Contracts.Status;
using Bam.Grains.Devices;
using Bam.Grains.Telemetry;
using Bam.Training.Checkpoints;
using Bam.Training.Evaluation;
using Bam.Training.Mixing;
using Bam.Training.Optimization;
using Bam.Training.Sessions;
using Microsoft.Extensions.Logging;

namespace Bam.Grains.Members;

/// <summary>
/// One attempt at training a model, on the device's thread, beside the grain that watches it. The grain renews it by asking how it
/// stands; a session that nobody renews saves and ends, so a silo cut off from its cluster does not train for ever.
/// </summary>
#pragma warning disable CA1001 // what it holds ends with Train
internal sealed partial class MemberSession : ITrainingObserver
#pragma warning restore CA1001
{
    private const int SpeedWindow = 20;

    private static readonly TimeSpan RenewalLimit = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan ReadingPause = TimeSpan.FromSeconds(10), NoteLimit = TimeSpan.FromSeconds(5);

    private readonly TrainingJob _job;
    private readonly DeviceWorker _worker;
    private readonly SiloEnd _siloEnd;
    private readonly TimeProvider _time;
    private readonly MemberMeter _meter;
    private readonly ILogger _logger;
    private readonly SessionEvents _events;
    private readonly Queue<double> _durations = new();
    private readonly Lock _gate = new();
    private volatile SessionSnapshot _snapshot = new();
    private volatile TrainingHistory? _history;
    private Watchdog? _watchdog;
    private ProgressMark? _mark;
    private DateTimeOffset _toldReading;
    private long _renewed, _firstStep;
    private volatile bool _stop;

    /// <param name="job">What to train.</param>
    /// <param name="services">What the silo has: the thread to train on, the instruments, the clock.</param>
    /// <param name="logger">Log of the model.</param>
    /// <param name="events">Told what must be kept, on a thread of the session.</param>
    public MemberSession(TrainingJob job, MemberServices services, ILogger logger, SessionEvents events)
    {
        _job = job;
        (_worker, _siloEnd, _time) = (services.Worker, services.SiloEnd, services.Time);
        _logger = logger;
        _events = events;
        _meter = services.Metrics.Open(job.Run.Name, job.Member.Name, Kind(job.Member), job.Member.Steps);
        Renew();
        Completion = _worker.Run(Train);
    }

    /// <summary>Ends with the attempt; faulted when it failed.</summary>
    public Task<TrainingOutcome> Completion { get; }

    public SessionSnapshot Snapshot => _snapshot;

    /// <summary>The loss so far; null before the model is ready.</summary>
    public TrainingHistory? History => _history;

    public void Renew() => Interlocked.Exchange(ref _renewed, _time.GetTimestamp());

    /// <summary>Ends the session after the step in flight, with a checkpoint of it.</summary>
    public void Stop() => _stop = true;

    bool ITrainingObserver.ShouldStop()
    {
        if (!_stop && _time.GetElapsedTime(Interlocked.Read(ref _renewed)) > RenewalLimit)
        {
            LogAbandoned(_job.Member.Name, RenewalLimit.TotalSeconds);
            _stop = true;
        }

        _watchdog!.Beat();
        return _stop || _worker.Stopping.IsCancellationRequested;
    }

    void ITrainingObserver.Prepared(PreparedTraining prepared)
    {
        LogPrepared(_job.Member.Name, _job.Attempt, prepared.Step, prepared.Parameters, _job.Device);
        foreach (var damaged in prepared.Damaged)
            LogDamaged(damaged);
        Change(now => now with
        {
            State = MemberState.Training,
            Step = prepared.Step,
            ResumedFrom = prepared.Step,
            Parameters = prepared.Parameters,
            Work = prepared.Work,
            Damaged = prepared.Damaged,
        });
        _meter.Damaged(prepared.Damaged.Count);
        _firstStep = prepared.Step + 1;
        _watchdog!.Beat(Next(prepared.Step));
        if (prepared.Work.TokensPerStep > 0)
            _mark = new ProgressMark(Folder);
        var lost = Math.Max(0, ProgressMark.Read(Folder) - prepared.Step);
        _mark?.Set(prepared.Step);
        _events.Prepared(prepared.Step, lost);
    }

    void ITrainingObserver.Opened(MixOpening opening)
    {
        _watchdog!.Beat();
        Change(now => now with { Opening = OpeningLine.Of(opening) });
    }

    void ITrainingObserver.Stepped(long step, TimeSpan duration, TimeSpan dataWait)
    {
        _watchdog!.Beat(Next(step));
        _mark?.Set(step);
        if (step == _firstStep)
            LogFirstStep(_job.Member.Name, _job.Attempt, step);
        _durations.Enqueue(duration.TotalSeconds);
        if (_durations.Count > SpeedWindow)
            _durations.Dequeue();
        var done = Change(now => now with
        {
            State = MemberState.Training,
            Step = step,
            UsefulSeconds = now.UsefulSeconds + duration.TotalSeconds,
            Spent = now.Spent with { Stepping = now.Spent.Stepping + duration.TotalSeconds },
            TokensPerSecond = now.Work.TokensPerStep * _durations.Count / _durations.Sum(),
        });
        _meter.Stepped(done.Work.TokensPerStep, done.Work.FlopsPerTokenAt(step - 1), duration, dataWait, done.TokensPerSecond);
    }

    void ITrainingObserver.Read(StepReading reading)
    {
        _watchdog!.Beat();
        Change(now => now with { Loss = reading.Loss });
        _meter.Read(reading);
        if (_time.GetUtcNow() is var now && now - _toldReading < ReadingPause && now >= _toldReading)
            return;
        _toldReading = now;
        LogReading(_job.Member.Name, reading.Step, reading.Loss);
    }

    void ITrainingObserver.Charted(TrainingHistory history) => _history = history;

    void ITrainingObserver.Skipped(SkippedBatch skipped)
    {
        _watchdog!.Beat(Next(skipped.ResumedFrom));
        _mark?.Set(skipped.ResumedFrom);
        var line = $"loss or gradient was not finite at step {skipped.Step + 1}: batch {skipped.Batch} is left out, goes on from step {skipped.ResumedFrom}";
        LogSkipped(_job.Member.Name, line);
        foreach (var damaged in skipped.Damaged)
            LogDamaged(damaged);
        Change(now => now with
        {
            Step = skipped.ResumedFrom,
            UsefulSeconds = Math.Max(0, now.UsefulSeconds - skipped.LostSeconds),
            Damaged = [.. now.Damaged, .. skipped.Damaged],
            Skips = [.. now.Skips, line],
        });
        _meter.Skipped();
        _meter.Damaged(skipped.Damaged.Count);
    }

    void ITrainingObserver.Saving(long step) => _watchdog!.Saving(step);

    void ITrainingObserver.Saved(SaveOutcome outcome)
    {
        _watchdog!.Saved();
        _meter.Saved(outcome);
        TrainingTraces.Checkpoint(_job.Run.Name, _job.Member.Name, outcome);
        if (outcome.Checkpoint is not { } checkpoint)
        {
            LogSaveFailed(outcome.Problem!.Message);
            Change(now => now with { SaveProblem = outcome.Problem.Message });
            return;
        }

        var reference = Reference(checkpoint);
        var useful = checkpoint.HasOptimizer ? checkpoint.State.UsefulSeconds : 0;
        Change(now => now with { Checkpoint = reference, KeptSeconds = useful, SaveProblem = null });
        LogPublished(_job.Member.Name, reference.Step);
        _events.Published(reference, useful);
    }

    void ITrainingObserver.Evaluated(string domain, PerplexityResult result, long step, bool final)
    {
        _watchdog!.Beat();
        _meter.Evaluated(domain, result.Nll);
        if (!final)
            return;
        Change(now => now with { State = MemberState.Evaluating, Evaluations = [.. now.Evaluations, Row(domain, result)] });
    }

    void ITrainingObserver.StoodStill(Standstill why, TimeSpan duration) => Change(now => now with
    {
        Spent = now.Spent.Plus(why switch
        {
            Standstill.Preparing => new(duration.TotalSeconds, 0, 0, 0),
            Standstill.Saving => new(0, 0, duration.TotalSeconds, 0),
            _ => new(0, 0, 0, duration.TotalSeconds),
        }),
    });

    void ITrainingObserver.Pulse()
    {
        _watchdog!.Beat();
        _meter.Pulse();
    }

    internal static CheckpointRef Reference(Checkpoint checkpoint) =>
        new(checkpoint.Folder, checkpoint.Manifest.Step, checkpoint.Manifest.Attempt, checkpoint.ModelSha256);

    private string Folder => Path.Combine(_job.Store, _job.Run.Name, _job.Member.Name);

    private string Next(long step) => step < _job.Member.Steps ? $"step {step + 1}" : $"what follows step {step}";

    /// <summary>The device does not come back: the grain notes it, and the silo ends, whether it could be noted or not.</summary>
    private async Task GiveUp(string problem)
    {
        LogStuck(_job.Member.Name, _job.Attempt, problem, DeviceThread.Describe(_worker.ThreadName));
        Stop();
        await Task.WhenAny(_events.Stuck(problem), Task.Delay(NoteLimit, _time)).ConfigureAwait(false);
        if (!Completion.IsCompleted)
            _siloEnd.Begin();
    }

    private static MemberKind Kind(MemberPlan plan) =>
        plan.Mixture is not null ? MemberKind.Mixture : plan.Name == SeedModelSpec.MemberName ? MemberKind.Seed : MemberKind.Branch;

    private Evaluation Row(string domain, PerplexityResult result) =>
        new(_job.Member.Name, domain, result.Tokens, result.Nll, result.BitsPerByte)
        {
            Experts = _job.Run.Mixtures.FirstOrDefault(mixture => mixture.Name == _job.Member.Name) is { Kind: not MixtureKind.Dense } mixture
                ? mixture.Experts
                : [],
            Window = result.Window,
            Stride = result.Stride,
            Routing = result.Routing,
        };

    // Steps and saves are told by different threads: without the lock one would undo the other's news.
    private SessionSnapshot Change(Func<SessionSnapshot, SessionSnapshot> change)
    {
        lock (_gate)
            return _snapshot = change(_snapshot);
    }

    private TrainingOutcome Train()
    {
        using var watchdog = _watchdog = new Watchdog(_job.Run.Limits, _time, problem => _ = GiveUp(problem));
        try
        {
            return new TrainingSession(_job, this).Run(_worker.Stopping);
        }
        catch (OperationCanceledException) when (_worker.Stopping.IsCancellationRequested)
        {
            return new TrainingOutcome(Completed: false, null);
        }
        finally
        {
            _mark?.Dispose();
            _meter.Dispose();
        }
    }

    [LoggerMessage(2101, LogLevel.Information, "{Member}: attempt {Attempt} goes on from step {Step}, {Parameters} parameters on {Device}")]
    private partial void LogPrepared(string member, int attempt, long step, long parameters, string device);

    [LoggerMessage(2105, LogLevel.Information, "{Member}: attempt {Attempt} did its first step, step {Step}")]
    private partial void LogFirstStep(string member, int attempt, long step);

    [LoggerMessage(2106, LogLevel.Information, "{Member}: step {Step}, loss {Loss:0.####}")]
    private partial void LogReading(string member, long step, double loss);

    [LoggerMessage(2107, LogLevel.Information, "{Member}: published the checkpoint of step {Step}")]
    private partial void LogPublished(string member, long step);

    [LoggerMessage(2108, LogLevel.Critical, "{Member}: attempt {Attempt} is stuck: {Problem}; {Thread}")]
    private partial void LogStuck(string member, int attempt, string problem, string thread);

    [LoggerMessage(2102, LogLevel.Warning, "Damaged checkpoint set aside: {Problem}")]
    private partial void LogDamaged(string problem);

    [LoggerMessage(2103, LogLevel.Error, "Checkpoint not saved: {Problem}")]
    private partial void LogSaveFailed(string problem);

    [LoggerMessage(2109, LogLevel.Warning, "{Member}: {Line}")]
    private partial void LogSkipped(string member, string line);

    [LoggerMessage(2104, LogLevel.Warning, "{Member}: nobody asked for {Seconds} s, the session saves and ends")]
    private partial void LogAbandoned(string member, double seconds);
}
