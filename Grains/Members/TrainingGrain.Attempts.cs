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

    private const int MaxFailures = 5, MaxDeaths = 10;

    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private async Task Start(TrainingAssignment assignment)
    {
        var plan = MemberPlan.Of(assignment.Run, assignment.Member);
        var before = state.State;
        state.State = before with { Attempt = before.Attempt + 1, Running = true, TargetSteps = plan.Steps };
        if (before.Running)
            TakeOver();
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

        if (state.State.End != MemberState.Pending)
            return;
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
            services.Worker, services.Metrics, services.Time, services.Logger,
            (checkpoint, useful) => OnGrain(() => Commit(attempt, checkpoint, useful)));
        _session = session;
        _ = session.Completion.ContinueWith(_ => OnGrain(() => Ended(session)), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    /// <summary>Counts a death. A model that takes silo after silo down before it gets to a checkpoint must not do so for ever.</summary>
    private void TakeOver()
    {
        state.State.Restarts++;
        state.State.Deaths++;
        state.State.Error = Died;
        if (state.State.Deaths < MaxDeaths)
            return;
        state.State.Running = false;
        state.State.End = MemberState.Failed;
        state.State.Error = $"{Member}: its silo died {MaxDeaths} times in a row without a new checkpoint; look at the silos' logs and memory";
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
        var last = session.Snapshot;
        (_session, _last) = (null, last);
        _changes++;
        state.State.Running = false;
        if (last.Checkpoint is { } published)
            Keep(published, last.KeptSeconds);
        if (last.State != MemberState.Preparing)
        {
            state.State.Step = last.Step;
            state.State.Tokens = last.Tokens;
            state.State.Flops = last.Flops;
            state.State.Parameters = last.Parameters;
            if (!double.IsNaN(last.Loss))
                state.State.Loss = last.Loss;
        }

        if (session.Completion.IsFaulted)
            Failed(session.Completion.Exception.GetBaseException(), last);
        else if (session.Completion is { IsCompletedSuccessfully: true, Result: { Completed: true, Checkpoint: var final } })
            Complete(final, last);
        else
            state.State.Error = null;   // told to stop: the next attempt does not begin for the reason that this one did
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
        state.State.Error = said ? failure.Message : $"{failure.GetType().Name}: {failure.Message.Split('\n')[0]}";
        state.State.Restarts++;
        state.State.Failures = last.Step > state.State.FailedAtStep ? 1 : state.State.Failures + 1;
        state.State.FailedAtStep = Math.Max(last.Step, state.State.FailedAtStep);
        LogFailed(said ? null : failure, Member, state.State.Attempt, last.Step, state.State.Error);
        if (state.State.End != MemberState.Pending)
            return;
        if (failure is TrainingException { IsFinal: true } or DataException || state.State.Failures >= MaxFailures)
            state.State.End = MemberState.Failed;
        else
            _notBefore = services.Time.GetUtcNow() + Backoff(state.State.Failures);
    }

    private void Keep(CheckpointRef checkpoint, double usefulSeconds)
    {
        _changes++;
        state.State.Checkpoint = checkpoint;
        state.State.Step = checkpoint.Step;
        state.State.UsefulSeconds = usefulSeconds;
        state.State.Deaths = 0;
    }

    private static TimeSpan Backoff(int failures) => TimeSpan.FromSeconds(Math.Min(LongestWait.TotalSeconds, Math.Pow(2, failures - 1)));

    private void OnGrain(Func<Task> turn) =>
        _ = Task.Factory.StartNew(() => OrYield(turn), CancellationToken.None, TaskCreationOptions.None, _scheduler).Unwrap();

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

    [LoggerMessage(2112, LogLevel.Warning, "{Member}: overtaken by a newer attempt: {Reason}")]
    private partial void LogOvertaken(string member, string reason);

    [LoggerMessage(2113, LogLevel.Error, "{Member}: its state was not stored and will be tried again: {Reason}")]
    private partial void LogNotSaved(string member, string reason);
}
