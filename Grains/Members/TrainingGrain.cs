using Bam.Contracts.Grains;
using Bam.Contracts.Status;
using Microsoft.Extensions.Logging;
using Orleans.Runtime.Placement;

namespace Bam.Grains.Members;

/// <summary>
/// Keeps one model in training: starts a session, watches it, and after a death takes the next attempt number and goes on from the newest
/// sound checkpoint. The training itself runs beside the grain's scheduler, so every call returns at once. This part is what others call.
/// </summary>
internal abstract partial class TrainingGrain(IPersistentState<TrainingGrainState> state, MemberServices services) : Grain, ITrainingGrain
{
    private ILogger _logger = services.Logger;
    private TaskScheduler _scheduler = TaskScheduler.Default;
    private MemberSession? _session;
    private SessionSnapshot? _last;
    private StopReason _stopped;
    private TimeSpan _wait;
    private long _waitBegan;
    private string? _device;
    private double _usefulBefore;
    private long _changes, _saved;
    private Task _writing = Task.CompletedTask;

    protected abstract MemberKind Kind(string member);

    private string Member => this.GetPrimaryKeyString().Split('/', 2)[1];

    /// <summary>Where its checkpoints and its log lie.</summary>
    private string Folder => services.Options.FolderOf(this.GetPrimaryKeyString().Split('/', 2)[0], Member);

    private bool MayStart => _session is null && !services.Worker.IsBusy && !services.Worker.Stopping.IsCancellationRequested
        && services.Time.GetElapsedTime(_waitBegan) >= _wait;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _scheduler = TaskScheduler.Current;
        _logger = new AttemptLogger(services.Logger, new AttemptLog(Folder, ServiceProvider.GetRequiredService<ILocalSiloDetails>().Name, services.Time));
        // Bounded, whatever the clocks of two hosts say.
        Wait(state.State.NotBefore - services.Time.GetUtcNow());
        return Task.CompletedTask;
    }

    public async Task<TrainingReport> EnsureRunning(TrainingAssignment assignment, CancellationToken cancellation)
    {
        // What a report tells is durable: a model that was called completed stays so, whatever dies next.
        await Save();
        if (state.State.End != MemberState.Pending)
            return Report();
        if (!assignment.Lease.Silo.Equals(ServiceProvider.GetRequiredService<ILocalSiloDetails>().SiloAddress))
        {
            // Migrate, not deactivate: callers remember where it was, and that silo would activate it again.
            _session?.Stop();
            RequestContext.Set(IPlacementDirector.PlacementHintKey, assignment.Lease.Silo);
            MigrateOnIdle();
            return Report() with { Misplaced = true };
        }

        if (_session is null && state.State.Running)
            NoteDeath();
        if (state.State.End == MemberState.Pending && MayStart)
            await Start(assignment);
        else
            await Save();
        _session?.Renew();
        return Report();
    }

    public async Task Stop(StopReason reason, CancellationToken cancellation)
    {
        _stopped = reason;
        _session?.Stop();
        if (reason != StopReason.Cancelled || state.State.End != MemberState.Pending)
            return;
        state.State.End = MemberState.Cancelled;
        _changes++;
        await Save();
    }

    public async Task Reopen(string reason, CancellationToken cancellation)
    {
        if (state.State.End != MemberState.Completed)
            return;
        state.State.End = MemberState.Pending;
        state.State.Restarts++;
        state.State.Error = reason;
        state.State.Next = RestartReason.Damaged;
        state.State.Evaluations = [];
        _changes++;
        await Save();
    }

    public async Task Reevaluate(CancellationToken cancellation)
    {
        if (state.State.End != MemberState.Completed)
            return;
        state.State.End = MemberState.Pending;
        state.State.Error = null;
        state.State.Next = RestartReason.Reevaluated;
        _changes++;
        await Save();
    }

    public async Task Retry(CancellationToken cancellation)
    {
        if (state.State.End is not (MemberState.Failed or MemberState.Cancelled))
            return;
        state.State.End = MemberState.Pending;
        state.State.Error = null;
        state.State.Next = RestartReason.Retried;
        (state.State.Failures, state.State.FailedAtStep, state.State.LogTail) = (0, -1, []);
        Wait(TimeSpan.Zero);
        _changes++;
        await Save();
    }

    public Task<TrainingReport> GetReport(CancellationToken cancellation) => Task.FromResult(Report());

    public Task<ModelHistory?> GetHistory(CancellationToken cancellation) => Task.FromResult(_session?.History is { } history
        ? new ModelHistory { Name = Member, Training = history.Training, Validation = history.Validation }
        : null);

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_session is { } session)
        {
            session.Stop();
            await ((Task)session.Completion).WaitAsync(cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            if (session.Completion.IsCompleted)
                Note(session);
        }

        // The next activation, perhaps on another silo, reads what this one leaves.
        await OrYield(Save);
    }

    private TrainingReport Report()
    {
        var kept = state.State;
        var now = _session?.Snapshot;
        var last = now ?? _last;
        var checkpoint = now?.Checkpoint ?? kept.Checkpoint;
        var step = now is { State: not MemberState.Preparing } ? now.Step : kept.Step;
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
                Tokens = now is { Work.TokensPerStep: > 0 } ? now.Tokens : kept.Tokens,
                Flops = now is { Work.TokensPerStep: > 0 } ? now.Flops : kept.Flops,
                Loss = now is { Loss: not double.NaN } ? now.Loss : kept.Loss,
                TokensPerSecond = speed,
                FlopsPerSecond = speed * (now?.Work.FlopsPerTokenAt(step) ?? 0),
                PeakFlops = now is null ? 0 : services.Metrics.Device?.PeakFlops ?? 0,
                Device = now is null ? null : _device,
                Attempt = kept.Attempt,
                Restarts = kept.Restarts,
                CheckpointStep = checkpoint?.Step ?? -1,
                CheckpointHash = checkpoint?.ModelSha256,
                CheckpointFolder = checkpoint?.Folder,
                Remaining = speed > 0 ? TimeSpan.FromSeconds((kept.TargetSteps - step) * now!.Work.TokensPerStep / speed) : null,
                Error = now?.SaveProblem ?? kept.Error,
                Parameters = now is { Parameters: > 0 } ? now.Parameters : kept.Parameters,
                LogTail = kept.LogTail,
                Spent = now is null ? kept.Spent : kept.Spent.Plus(now.Spent),
            },
            Checkpoint = checkpoint,
            Evaluations = kept.Evaluations,
            ResumedFrom = last?.ResumedFrom ?? 0,
            UsefulSeconds = now is null ? kept.UsefulSeconds : _usefulBefore + now.UsefulSeconds,
            DamagedCheckpoints = last?.Damaged ?? [],
            Opening = last?.Opening,
            SkippedBatches = last?.Skips ?? [],
            SaveProblem = now?.SaveProblem,
            Starts = kept.Starts,
        };
    }
}
