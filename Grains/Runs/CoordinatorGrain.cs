using Bam.Contracts.Grains;
using Bam.Contracts.Runs;
using Bam.Contracts.Status;
using Bam.Grains.Hosting;
using Bam.Grains.Telemetry;
using Bam.Training.Sessions;
using Microsoft.Extensions.Logging;
using Orleans.Placement;

namespace Bam.Grains.Runs;

/// <summary>
/// Drives one run through its phases: seed, branch, gather, mix, continue, evaluate. Every phase is idempotent and its progress durable,
/// so an activation that takes over after a death goes on where the last one was. Nothing here trains or waits for training.
/// </summary>
[KeepAlive, Immovable]
internal sealed partial class CoordinatorGrain(
    [PersistentState("run", TrainingGrainStorage.Name)] IPersistentState<RunState> state,
    TrainingHostOptions options, TrainingMetrics metrics, TimeProvider time, ILogger<CoordinatorGrain> logger)
    : Grain, ICoordinatorGrain, IRemindable
{
    private const string Reminder = "drive";

    private static readonly TimeSpan ReminderPeriod = TimeSpan.FromMinutes(5), LongestWait = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan TickPause = TimeSpan.FromMilliseconds(300), WritePause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestGap = TimeSpan.FromMinutes(1);

    private readonly List<Action> _counts = [];

    private EventLog _events = null!;
    private long _lastTick, _lastWrite;

    private RunState Run => state.State;

    private RunSpec Spec => state.State.Spec!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _events = new EventLog(Run.Events, time);
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (Run.Spec is { } spec)
            metrics.Hide(spec.Name);
        return Task.CompletedTask;
    }

    public async Task<LaunchAnswer> Launch(RunSpec spec, CancellationToken cancellation)
    {
        if (Run.Spec is not null)
            return await LaunchAgain(spec);
        await Remind();
        Run.Launched = time.GetUtcNow();
        Enlist(spec);
        _events.Add(RunEventKind.Launched, null, $"{spec.Branches.Count} branches, {spec.Mixtures.Count} mixtures");
        Begin(RunPhase.Seed);
        await Save();
        await Register();
        return new(LaunchOutcome.Started);
    }

    public Task<RunStatus?> GetStatus(CancellationToken cancellation)
    {
        if (Run.Spec is null)
        {
            DeactivateOnIdle();
            return Task.FromResult<RunStatus?>(null);
        }

        return Task.FromResult<RunStatus?>(Status());
    }

    public Task<RunSpec?> GetSpec(CancellationToken cancellation)
    {
        if (Run.Spec is null)
            DeactivateOnIdle();
        return Task.FromResult(Run.Spec);
    }

    private RunStatus Status()
    {
        var held = Run.Members.Sum(member => member.HeldSeconds);
        return new RunStatus
        {
            Name = Spec.Name,
            Phase = Run.Phase,
            Launched = Run.Launched,
            Ended = Run.Ended,
            Members = [.. Run.Members.Select(member => member.Status with { StepsLost = member.StepsLost })],
            Evaluations = [.. Run.Members.SelectMany(member => member.Evaluations)],
            Error = Run.Error,
            Goodput = held > 0 ? Math.Min(1, Run.Members.Sum(member => member.UsefulSeconds) / held) : double.NaN,
            Remaining = Run.Ended is null ? RunForecast.Remaining(Spec, Run) : null,
            Paused = Run.Paused,
        };
    }

    public Task<EventPage> ReadEvents(long after, int max, TimeSpan wait, CancellationToken cancellation)
    {
        if (Run.Spec is null)
            DeactivateOnIdle();
        return _events.Read(after, Math.Clamp(max, 1, 1000), wait < LongestWait ? wait : LongestWait, cancellation);
    }

    public async Task<bool> Cancel(CancellationToken cancellation)
    {
        if (Run.Spec is null)
            DeactivateOnIdle();
        if (Run.Spec is null || Run.Ended is not null)
            return false;
        var open = Run.Members.Where(member => !member.HasEnded).ToArray();
        await Task.WhenAll(open.Select(member => LetGo(member, StopReason.Cancelled)));
        foreach (var member in open)
            member.Status = member.Status with { State = MemberState.Cancelled, Device = null, TokensPerSecond = 0, FlopsPerSecond = 0, Remaining = null };
        await End(RunPhase.Cancelled, "cancelled");
        return true;
    }

    public async Task Tick(CancellationToken cancellation)
    {
        if (Run.Spec is null)
        {
            DeactivateOnIdle();
            return;
        }

        if (Run.Ended is not null)
        {
            await Close();   // only a registry that has not heard of the end still asks
            return;
        }

        if (_lastTick != 0 && time.GetElapsedTime(_lastTick) < TickPause)
            return;
        var phase = Run.Phase;
        var since = SinceLastTick();
        await (phase switch
        {
            _ when Run.Paused => Rest(),
            RunPhase.Seed => DriveMembers(MemberKind.Seed, RunPhase.Branch, since),
            RunPhase.Branch => DriveMembers(MemberKind.Branch, RunPhase.Gather, since),
            RunPhase.Gather => Gather(since),
            RunPhase.Mix => Mix(since),
            RunPhase.Continue => DriveMembers(MemberKind.Mixture, RunPhase.Evaluate, since),
            _ => End(RunPhase.Completed, "every model is trained and evaluated"),
        });
        if (Run.Ended is not null)
            return;
        Show();
        if (_events.IsDirty || time.GetElapsedTime(_lastWrite) > WritePause)
            await Save();
        if (Run.Phase != phase)
            await Register();
    }

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (Run.Spec is null || Run.Ended is not null)
        {
            await Close();
            return;
        }

        await Register();
        await Tick(CancellationToken.None);
    }

    /// <summary>Time since the tick before this one, which is then the last. Only the first of an activation has to trust a wall clock.</summary>
    private TimeSpan SinceLastTick()
    {
        var now = time.GetUtcNow();
        var since = _lastTick != 0 ? time.GetElapsedTime(_lastTick)
            : Run.LastTick == default || now < Run.LastTick ? TimeSpan.Zero
            : now - Run.LastTick is var away && away < LongestGap ? away : LongestGap;
        (_lastTick, Run.LastTick) = (time.GetTimestamp(), now);
        return since;
    }

    /// <summary>Makes a specification the run's own; models that are known keep their records.</summary>
    private void Enlist(RunSpec spec)
    {
        Run.Spec = spec;
        var known = Run.Members.ToDictionary(member => member.Status.Name);
        Run.Members.Clear();
        Add(MemberKind.Seed, SeedModelSpec.MemberName);
        foreach (var branch in spec.Branches)
            Add(MemberKind.Branch, branch.Name);
        foreach (var mixture in spec.Mixtures)
            Add(MemberKind.Mixture, mixture.Name);
        void Add(MemberKind kind, string name) => Run.Members.Add(known.GetValueOrDefault(name) ?? new MemberRecord
        {
            Status = new MemberStatus { Name = name, Kind = kind, TargetSteps = MemberPlan.Of(spec, name).Steps },
        });
    }

    private void Begin(RunPhase phase)
    {
        var text = Title(phase);
        Leave();
        Run.Phase = phase;
        _events.Add(RunEventKind.PhaseBegan, null, text);
        LogPhase(Spec.Name, text);
    }

    private async Task End(RunPhase phase, string text)
    {
        Leave();
        Run.Phase = phase;
        Run.Ended = time.GetUtcNow();
        Run.Error = phase == RunPhase.Failed ? text : null;
        Run.Paused = false;
        _events.Add(RunEventKind.Ended, null, text);
        LogPhase(Spec.Name, $"{phase}: {text}");
        await Save();
        Show();
        await Close();
    }

    /// <summary>The present phase is over: its trace is told with the next write.</summary>
    private void Leave()
    {
        var (phase, began, now) = (Run.Phase, Run.PhaseBegan, time.GetUtcNow());
        if (began != default)
            _counts.Add(() => TrainingTraces.Phase(Spec.Name, phase, began, now));
        Run.PhaseBegan = now;
    }

    /// <summary>Shows the run to the exporter.</summary>
    private void Show() => metrics.Show(new RunReading(
        Status(), [.. Run.Members.Select(member => new MemberTotals(new Dictionary<string, long>(member.RestartReasons), member.StepsLost))]));

    /// <summary>Takes the run off the lists of what must be driven. Done again until it has worked.</summary>
    private async Task Close()
    {
        if (Run.Spec is not null)
            await Register();

        if (await this.GetReminder(Reminder) is { } reminder)
            await this.UnregisterReminder(reminder);
    }

    /// <summary>Writes the state; then readers may see the events, and what happened is counted. A failed write leaves it to a new activation.</summary>
    private async Task Save()
    {
        try
        {
            await state.WriteStateAsync();
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }

        _lastWrite = time.GetTimestamp();
        _events.Written();
        _counts.ForEach(count => count());
        _counts.Clear();
    }

    /// <summary>Comes before the run is stored: should this silo die before the registry knows the run, the reminder is what finds it.</summary>
    private Task<IGrainReminder> Remind() => this.RegisterOrUpdateReminder(Reminder, ReminderPeriod, ReminderPeriod, CancellationToken.None);

    private Task Register() => GrainFactory.GetGrain<IRunRegistryGrain>(IRunRegistryGrain.Key)
        .Record(new RunSummary(Spec.Name, Run.Phase, Run.Launched, Run.Ended));

    [LoggerMessage(2301, LogLevel.Information, "Run {Run}: {Text}")]
    private partial void LogPhase(string run, string text);
}
