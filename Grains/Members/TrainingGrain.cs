using Bam.Contracts.Grains;
using Bam.Contracts.Status;
using Bam.Training.Checkpoints;
using Bam.Training.Data;
using Bam.Training.Sessions;
using Microsoft.Extensions.Logging;
using Orleans.Storage;

namespace Bam.Grains.Members;

/// <summary>
/// Keeps one model in training: starts a session, watches it, and after a death takes the next attempt number and goes on from the newest
/// sound checkpoint. The training itself runs beside the grain's scheduler, so every call returns at once.
/// </summary>
internal abstract partial class TrainingGrain(IPersistentState<TrainingGrainState> state, MemberServices services) : Grain, ITrainingGrain
{
    private const int MaxFailures = 5;

    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private readonly ILogger _logger = services.Logger;
    private TaskScheduler _scheduler = TaskScheduler.Default;
    private MemberSession? _session;
    private DateTimeOffset _notBefore;
    private string? _device;

    protected abstract MemberKind Kind(string member);

    private string Member => this.GetPrimaryKeyString().Split('/', 2)[1];

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _scheduler = TaskScheduler.Current;
        return Task.CompletedTask;
    }

    public async Task<TrainingReport> EnsureRunning(TrainingAssignment assignment, CancellationToken cancellation)
    {
        if (state.State.End != MemberState.Pending)
            return Report();
        if (!assignment.Lease.Silo.Equals(ServiceProvider.GetRequiredService<ILocalSiloDetails>().SiloAddress))
        {
            _session?.Stop();
            DeactivateOnIdle();
            return Report() with { Misplaced = true };
        }

        if (_session is null && services.Time.GetUtcNow() >= _notBefore && !services.Worker.IsBusy && !services.Worker.Stopping.IsCancellationRequested)
            await Start(assignment, cancellation);
        _session?.Renew();
        return Report();
    }

    public async Task Stop(StopReason reason, CancellationToken cancellation)
    {
        _session?.Stop();
        if (reason != StopReason.Cancelled || state.State.End != MemberState.Pending)
            return;
        state.State.End = MemberState.Cancelled;
        await state.WriteStateAsync(cancellation);
    }

    public async Task Reopen(string reason, CancellationToken cancellation)
    {
        if (state.State.End != MemberState.Completed)
            return;
        state.State.End = MemberState.Pending;
        state.State.Error = reason;
        state.State.Evaluations = [];
        await state.WriteStateAsync(cancellation);
    }

    public Task<TrainingReport> GetReport(CancellationToken cancellation) => Task.FromResult(Report());

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_session is not { } session)
            return;
        session.Stop();
        try
        {
            await session.Completion.WaitAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Ended tells it.
        }

        if (session.Completion.IsCompleted)
            await Ended(session);
    }

    private async Task Start(TrainingAssignment assignment, CancellationToken cancellation)
    {
        var died = state.State.Running;
        state.State.Attempt++;
        state.State.Running = true;
        if (died)
        {
            state.State.Restarts++;
            state.State.Error = "the silo that trained it died";
        }

        await state.WriteStateAsync(cancellation);   // the fence: an activation that lost this race throws here and starts nothing
        var plan = MemberPlan.Of(assignment.Run, assignment.Member);
        state.State.TargetSteps = plan.Steps;
        _device = $"{assignment.Lease.SiloName}/{assignment.Lease.Device}";
        LogStarts(Member, state.State.Attempt, _device);
        var attempt = state.State.Attempt;
        var session = new MemberSession(
            new TrainingJob
            {
                Run = assignment.Run,
                Member = plan,
                ParentFolder = assignment.Parent?.Folder,
                Attempt = attempt,
                Store = services.Options.Store,
                TokenCache = services.Options.TokenCache,
                Device = services.Options.Device,
                Threads = services.Options.Threads,
            },
            services.Worker, services.Metrics, services.Time, services.Logger, checkpoint => OnGrain(() => Commit(attempt, checkpoint)));
        _session = session;
        _ = session.Completion.ContinueWith(_ => OnGrain(() => Ended(session)), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    // Session threads come back to the grain through its own scheduler; the calls are not awaited, a failed one shows at the next turn.
    private void OnGrain(Func<Task> turn) => _ = Task.Factory.StartNew(turn, CancellationToken.None, TaskCreationOptions.None, _scheduler).Unwrap();

    /// <summary>Records a published checkpoint. The write is a compare-and-swap: it fails when another activation has taken over.</summary>
    private async Task Commit(int attempt, CheckpointRef checkpoint)
    {
        if (state.State.Attempt != attempt || state.State.Checkpoint?.Step >= checkpoint.Step && state.State.Checkpoint.Folder == checkpoint.Folder)
            return;
        state.State.Checkpoint = checkpoint;
        await WriteOrYield();
    }

    /// <summary>Takes note of a session's end, once.</summary>
    private async Task Ended(MemberSession session)
    {
        if (!ReferenceEquals(_session, session))
            return;
        _session = null;
        var last = session.Snapshot;
        state.State.Running = false;
        state.State.UsefulSeconds += last.UsefulSeconds;
        state.State.Parameters = last.Parameters > 0 ? last.Parameters : state.State.Parameters;
        state.State.Tokens = last.Step * last.TokensPerStep;
        state.State.Loss = last.Loss;
        state.State.Checkpoint = last.Checkpoint ?? state.State.Checkpoint;
        if (session.Completion is { IsCompletedSuccessfully: true } done)
        {
            if (await done is { Completed: true, Checkpoint: { } checkpoint } && state.State.End == MemberState.Pending)
            {
                state.State.End = MemberState.Completed;
                state.State.Checkpoint = MemberSession.Reference(checkpoint);
                state.State.Evaluations = last.Evaluations;
                state.State.Failures = 0;
            }
        }
        else if (session.Completion.Exception?.GetBaseException() is { } failure)
        {
            Failed(failure, last);
        }

        await WriteOrYield();
    }

    private void Failed(Exception failure, SessionSnapshot last)
    {
        if (failure is StaleAttemptException)
        {
            LogOvertaken(Member, failure.Message);
            DeactivateOnIdle();
            return;
        }

        var said = failure is TrainingException or CheckpointException or DataException;
        state.State.Error = said ? failure.Message : $"{failure.GetType().Name}: {failure.Message.Split('\n')[0]}";
        state.State.Restarts++;
        state.State.Failures = last.Step > state.State.FailedAtStep ? 1 : state.State.Failures + 1;
        state.State.FailedAtStep = last.Step;
        LogFailed(said ? null : failure, Member, state.State.Attempt, last.Step, state.State.Error);
        if (failure is TrainingException { IsFinal: true } or DataException || state.State.Failures >= MaxFailures)
            state.State.End = MemberState.Failed;
        else
            _notBefore = services.Time.GetUtcNow() + Backoff(state.State.Failures);
    }

    private static TimeSpan Backoff(int failures) => TimeSpan.FromSeconds(Math.Min(LongestWait.TotalSeconds, Math.Pow(2, failures - 1)));

    private async Task WriteOrYield()
    {
        try
        {
            await state.WriteStateAsync();
        }
        catch (InconsistentStateException)
        {
            LogOvertaken(Member, "its durable state was written by another activation");
            _session?.Stop();
            DeactivateOnIdle();
        }
    }

    private TrainingReport Report()
    {
        var kept = state.State;
        var now = _session?.Snapshot;
        var checkpoint = now?.Checkpoint ?? kept.Checkpoint;
        var step = now is { State: not MemberState.Preparing } ? now.Step : checkpoint?.Step ?? 0;
        var speed = now?.TokensPerSecond ?? 0;
        return new TrainingReport
        {
            Status = new MemberStatus
            {
                Name = Member,
                Kind = Kind(Member),
                State = kept.End != MemberState.Pending ? kept.End : now?.State ?? (kept.Attempt == 0 ? MemberState.Queued : MemberState.Recovering),
                Step = step,
                TargetSteps = kept.TargetSteps,
                Tokens = now is { TokensPerStep: > 0 } ? now.Step * now.TokensPerStep : kept.Tokens,
                Loss = now is { Loss: not double.NaN } ? now.Loss : kept.Loss,
                TokensPerSecond = speed,
                FlopsPerSecond = speed * (now?.FlopsPerToken ?? 0),
                Device = now is null ? null : _device,
                Attempt = kept.Attempt,
                Restarts = kept.Restarts,
                CheckpointStep = checkpoint?.Step ?? -1,
                CheckpointHash = checkpoint?.ModelSha256,
                CheckpointFolder = checkpoint?.Folder,
                Remaining = speed > 0 ? TimeSpan.FromSeconds((kept.TargetSteps - step) * now!.TokensPerStep / speed) : null,
                Error = now?.SaveProblem ?? kept.Error,
                Parameters = now is { Parameters: > 0 } ? now.Parameters : kept.Parameters,
            },
            Checkpoint = checkpoint,
            Evaluations = kept.Evaluations,
            ResumedFrom = now?.ResumedFrom ?? 0,
            UsefulSeconds = kept.UsefulSeconds + (now?.UsefulSeconds ?? 0),
            DamagedCheckpoints = now?.Damaged ?? [],
        };
    }

    [LoggerMessage(2110, LogLevel.Information, "{Member}: attempt {Attempt} starts on {Device}")]
    private partial void LogStarts(string member, int attempt, string device);

    [LoggerMessage(2111, LogLevel.Error, "{Member}: attempt {Attempt} failed at step {Step}: {Reason}")]
    private partial void LogFailed(Exception? exception, string member, int attempt, long step, string reason);

    [LoggerMessage(2112, LogLevel.Warning, "{Member}: overtaken by a newer attempt: {Reason}")]
    private partial void LogOvertaken(string member, string reason);
}
