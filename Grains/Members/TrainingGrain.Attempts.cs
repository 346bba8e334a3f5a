using Bam.Contracts.Grains;
using Bam.Contracts.Status;
using Bam.Training.Checkpoints;
using Bam.Training.Data;
using Bam.Training.Sessions;
using Microsoft.Extensions.Logging;
using Orleans.Storage;

namespace Bam.Grains.Members;

/// <summary>
/// How an attempt begins, commits and ends. Session threads come back through the grain's scheduler, where their turns interleave with
/// calls at every await; so what changes the state does it in one piece, and all writes pass <see cref="Save"/> one by one.
/// </summary>
internal abstract partial class TrainingGrain
{
    /// <summary>Why an attempt began after one that nobody ended.</summary>
    internal const string Died = "the silo that trained it died";

    private const int MaxFailures = 5, StartsKept = 20, TailLines = 20;

    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private async Task Start(TrainingAssignment assignment)
    {
        var plan = MemberPlan.Of(assignment.Run, assignment.Member);
        var before = state.State;
        state.State = before with
        {
            Attempt = before.Attempt + 1,
            Running = true,
            TargetSteps = plan.Steps,
            Starts = before.Attempt == 0 ? [] : [.. before.Starts.TakeLast(StartsKept - 1), new AttemptStart(before.Attempt + 1, before.Next, Why(before))],
        };
        _changes++;
        try
        {
            await Save();   // the fence: an activation that lost this race throws here and starts nothing
        }
        catch
        {
            (state.State, _saved) = (before, _changes);
            throw;
        }

        _stopped = StopReason.Moved;
        var attempt = state.State.Attempt;
        _device = $"{assignment.Lease.SiloName}/{assignment.Lease.Device}";
        _usefulBefore = state.State.UsefulSeconds;
        LogStarts(Member, attempt, _device);
        var session = new MemberSession(
            new TrainingJob
            {
                Run = assignment.Run,
                Member = plan,
                ParentFolder = assignment.Parent?.Folder,
                MustHaveStart = assignment.Kind != MemberKind.Seed,
                Experts = [.. assignment.Experts.Select(expert => (expert.Name, expert.Folder))],
                Attempt = attempt,
                WasSaved = state.State.Checkpoint is not null,
                Owner = assignment.Owner,
                Store = services.Options.Store,
                TokenCache = services.Options.TokenCache,
                Device = services.Options.Device,
                Threads = services.Options.Threads,
                Faults = services.Options.Faults,
            },
            services, _logger,
            new SessionEvents(
                Prepared: (from, lost) => _ = OnGrain(() => Prepared(attempt, from, lost)),
                Published: (checkpoint, useful) => _ = OnGrain(() => Commit(attempt, checkpoint, useful)),
                Stuck: problem => OnGrain(() => Stuck(attempt, problem))));
        _session = session;
        _ = session.Completion.ContinueWith(_ => _ = OnGrain(() => Ended(session)), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private static string Why(TrainingGrainState before) => before.Next switch
    {
        RestartReason.Moved => "it was stopped",
        RestartReason.Paused => "the run was paused",
        RestartReason.Retried => "it is tried again",
        RestartReason.Reevaluated => "it is evaluated again",
        _ => before.Error ?? "no reason is known",
    };

    /// <summary>The attempt that is on record has no session any more, and nobody ended it.</summary>
    private void NoteDeath()
    {
        state.State.Running = false;
        LogDied(Member, state.State.Attempt);
        EndedBadly(RestartReason.Lost, Died, ProgressMark.Read(Folder), isFinal: false);
    }

    /// <summary>Notes, once, that the device does not come back from an attempt's work. The silo ends after this.</summary>
    private async Task Stuck(int attempt, string problem)
    {
        if (_session is not { } session || state.State.Attempt != attempt)
            return;
        Leave(session);
        EndedBadly(RestartReason.Stuck, problem, session.Snapshot.Step, isFinal: false);
        await Save();
    }

    /// <summary>
    /// Counts an end that nobody asked for. The next attempt comes at once, further ones at the same place after longer and longer pauses;
    /// after so many without progress the model is given up, lest it take silo after silo down for ever.
    /// </summary>
    /// <param name="reason">What it was.</param>
    /// <param name="error">The same in words.</param>
    /// <param name="step">Steps done at the end.</param>
    /// <param name="isFinal">Whether another attempt would end in the same way.</param>
    private void EndedBadly(RestartReason reason, string error, long step, bool isFinal)
    {
        var now = state.State;
        _changes++;
        (now.Next, now.Error) = (reason, error);
        now.Restarts++;
        now.Failures = step > now.FailedAtStep ? 1 : now.Failures + 1;
        now.FailedAtStep = Math.Max(step, now.FailedAtStep);
        if (now.End != MemberState.Pending)
            return;
        if (!isFinal && now.Failures < MaxFailures)
        {
            Wait(now.Failures < 2 ? TimeSpan.Zero : services.Options.BackOff * Math.Pow(4, now.Failures - 2));
            return;
        }

        now.End = MemberState.Failed;
        now.Error = reason switch
        {
            RestartReason.Lost => $"{Member}: its silo died {now.Failures} times in a row at step {now.FailedAtStep} without a new checkpoint; look at the silos' logs and memory",
            RestartReason.Stuck => $"{error}, and {now.Failures - 1} attempts before it ended there too",
            _ => error,
        };
        now.LogTail = AttemptLog.Tail(Folder, TailLines);
    }

    /// <summary>Lets the next attempt begin after a pause, counted from now.</summary>
    private void Wait(TimeSpan pause)
    {
        _wait = pause < TimeSpan.Zero ? TimeSpan.Zero : pause < LongestWait ? pause : LongestWait;
        _waitBegan = services.Time.GetTimestamp();
        state.State.NotBefore = _wait > TimeSpan.Zero ? services.Time.GetUtcNow() + _wait : default;
    }

    /// <summary>Records where an attempt goes on from, and what that costs.</summary>
    private async Task Prepared(int attempt, long from, long lost)
    {
        if (state.State.Starts is not [.., var start] || start.Attempt != attempt)
            return;   // the first attempt of all costs nothing
        state.State.Starts = [.. state.State.Starts.SkipLast(1), start with { From = from, LostSteps = lost }];
        _changes++;
        await Save();
    }

    /// <summary>Records a published checkpoint. The write is a compare-and-swap: it fails when another activation has taken over.</summary>
    private async Task Commit(int attempt, CheckpointRef checkpoint, double usefulSeconds)
    {
        if (state.State.Attempt != attempt || !state.State.Running)
            return;   // the end of the session was noted first, and with it this checkpoint
        Keep(checkpoint, usefulSeconds);
        await Save();
    }

    private async Task Ended(MemberSession session)
    {
        Note(session);
        await Save();
    }

    /// <summary>Takes note of a session's end, once.</summary>
    private void Note(MemberSession session)
    {
        if (!ReferenceEquals(_session, session))
            return;
        Leave(session);
        var last = session.Snapshot;
        if (session.Completion.IsFaulted)
            Failed(session.Completion.Exception.GetBaseException(), last);
        else if (session.Completion is { IsCompletedSuccessfully: true, Result: { Completed: true, Checkpoint: var final } })
            Complete(final, last);
        else
            (state.State.Error, state.State.Next) = (null, _stopped == StopReason.Paused ? RestartReason.Paused : RestartReason.Moved);
    }

    /// <summary>Keeps what a session leaves that goes on no more.</summary>
    private void Leave(MemberSession session)
    {
        var last = session.Snapshot;
        (_session, _last) = (null, last);
        _changes++;
        state.State.Running = false;
        state.State.Spent = state.State.Spent.Plus(last.Spent);
        if (last.Checkpoint is { } published)
            Keep(published, last.KeptSeconds);
        if (last.State == MemberState.Preparing)
            return;
        state.State.Step = last.Step;
        state.State.Tokens = last.Tokens;
        state.State.Flops = last.Flops;
        state.State.Parameters = last.Parameters;
        if (!double.IsNaN(last.Loss))
            state.State.Loss = last.Loss;
    }

    /// <param name="final">Its last checkpoint; null for an ensemble, which has none.</param>
    /// <param name="last">How its session stood at the end.</param>
    private void Complete(Checkpoint? final, SessionSnapshot last)
    {
        if (state.State.End != MemberState.Pending)
            return;
        state.State.End = MemberState.Completed;
        state.State.Checkpoint = final is null ? null : MemberSession.Reference(final);
        state.State.Evaluations = last.Evaluations;
        state.State.Failures = 0;
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
        var error = said ? failure.Message : $"{failure.GetType().Name}: {failure.Message.Split('\n')[0]}";
        LogFailed(said ? null : failure, Member, state.State.Attempt, last.Step, error);
        EndedBadly(RestartReason.Failed, error, last.Step, failure is TrainingException { IsFinal: true } or DataException);
    }

    private void Keep(CheckpointRef checkpoint, double usefulSeconds)
    {
        _changes++;
        state.State.Checkpoint = checkpoint;
        state.State.Step = checkpoint.Step;
        state.State.UsefulSeconds = usefulSeconds;
        state.State.Failures = 0;
    }

    private Task OnGrain(Func<Task> turn) => Task.Factory.StartNew(() => OrYield(turn), CancellationToken.None, TaskCreationOptions.None, _scheduler).Unwrap();

    /// <summary>Runs a turn that nobody awaits. A write that failed is tried again at the next call; one that came too late ends the grain.</summary>
    private async Task OrYield(Func<Task> turn)
    {
        try
        {
            await turn();
        }
        catch (InconsistentStateException)
        {
            LogOvertaken(Member, "its durable state was written by another activation");
            _session?.Stop();
            DeactivateOnIdle();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            LogNotSaved(Member, e.Message.Split('\n')[0]);
        }
    }

    /// <summary>Writes what has changed. One write at a time: two that carry the same tag would fence each other off.</summary>
    private Task Save() => _writing = SaveAfter(_writing);

    private async Task SaveAfter(Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (_saved == _changes)
            return;   // the write before carried it
        var carried = _changes;
        await state.WriteStateAsync();
        _saved = carried;
    }

    [LoggerMessage(2110, LogLevel.Information, "{Member}: attempt {Attempt} starts on {Device}")]
    private partial void LogStarts(string member, int attempt, string device);

    [LoggerMessage(2111, LogLevel.Error, "{Member}: attempt {Attempt} failed at step {Step}: {Reason}")]
    private partial void LogFailed(Exception? exception, string member, int attempt, long step, string reason);

    [LoggerMessage(2114, LogLevel.Warning, "{Member}: the silo of attempt {Attempt} died")]
    private partial void LogDied(string member, int attempt);

    [LoggerMessage(2112, LogLevel.Warning, "{Member}: overtaken by a newer attempt: {Reason}")]
    private partial void LogOvertaken(string member, string reason);

    [LoggerMessage(2113, LogLevel.Error, "{Member}: its state was not stored and will be tried again: {Reason}")]
    private partial void LogNotSaved(string member, string reason);
}
