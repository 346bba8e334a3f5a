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

    private static readonly TimeSpan ReminderPeriod = TimeSpan.FromMinutes(5), LongestWait = TimeSpan.FromSeconds(2), TickPause = TimeSpan.FromMilliseconds(300);

    private EventLog _events = null!;
    private long _lastTick;

    private RunState Run => state.State;

    private RunSpec Spec => state.State.Spec!;

    private IEnumerable<string> Experts => (Spec.IncludeSeedAsExpert ? new[] { MemberPlan.Seed } : []).Concat(Spec.Branches.Select(branch => branch.Name));

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _events = new EventLog(Run.Events, time);
        if (Run.Spec is null)
            DelayDeactivation(TimeSpan.Zero);
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (Run.Spec is { } spec)
            metrics.SetStates(spec.Name, null);
        return Task.CompletedTask;
    }

    public async Task<LaunchOutcome> Launch(RunSpec spec, CancellationToken cancellation)
    {
        if (Run.Spec is { } known)
            return RunSpecs.AreEqual(known, spec) ? LaunchOutcome.AlreadyLaunched : LaunchOutcome.NameTaken;
        Run.Spec = spec;
        Run.Phase = RunPhase.Seed;
        Run.Launched = time.GetUtcNow();
        Add(MemberKind.Seed, MemberPlan.Seed);
        foreach (var branch in spec.Branches)
            Add(MemberKind.Branch, branch.Name);
        foreach (var mixture in spec.Mixtures)
            Add(MemberKind.Mixture, mixture.Name);
        _events.Add(RunEventKind.Launched, null, $"{spec.Branches.Count} branches, {spec.Mixtures.Count} mixtures");
        _events.Add(RunEventKind.PhaseBegan, null, "seed model");
        await state.WriteStateAsync(cancellation);
        _events.Written();
        await Register(cancellation);
        await this.RegisterOrUpdateReminder(Reminder, ReminderPeriod, ReminderPeriod, cancellation);
        return LaunchOutcome.Started;
    }

    public Task<RunStatus?> GetStatus(CancellationToken cancellation)
    {
        if (Run.Spec is null)
        {
            DeactivateOnIdle();
            return Task.FromResult<RunStatus?>(null);
        }

        var held = Run.Members.Sum(member => member.HeldSeconds);
        return Task.FromResult<RunStatus?>(new RunStatus
        {
            Name = Spec.Name,
            Phase = Run.Phase,
            Launched = Run.Launched,
            Ended = Run.Ended,
            Members = [.. Run.Members.Select(member => member.Status)],
            Evaluations = [.. Run.Members.SelectMany(member => member.Evaluations)],
            Error = Run.Error,
            Goodput = held > 0 ? Math.Min(1, Run.Members.Sum(member => member.UsefulSeconds) / held) : double.NaN,
            Remaining = Run.Ended is null ? RunForecast.Remaining(Spec, Run) : null,
        });
    }

    public Task<EventPage> ReadEvents(long after, int max, TimeSpan wait, CancellationToken cancellation) =>
        _events.Read(after, Math.Clamp(max, 1, 1000), wait < LongestWait ? wait : LongestWait, cancellation);

    public async Task<bool> Cancel(CancellationToken cancellation)
    {
        if (Run.Spec is null || Run.Ended is not null)
            return false;
        foreach (var member in Run.Members.Where(member => !member.HasEnded))
        {
            member.Status = member.Status with { State = MemberState.Cancelled };
            await LetGo(member, StopReason.Cancelled);
        }

        await End(RunPhase.Cancelled, "cancelled", cancellation);
        return true;
    }

    public async Task Tick(CancellationToken cancellation)
    {
        if (Run.Spec is null || Run.Ended is not null || (_lastTick != 0 && time.GetElapsedTime(_lastTick) < TickPause))
            return;
        var since = _lastTick == 0 ? TimeSpan.Zero : time.GetElapsedTime(_lastTick);
        _lastTick = time.GetTimestamp();
        var phase = Run.Phase;
        await (phase switch
        {
            RunPhase.Seed => DriveMembers(MemberKind.Seed, RunPhase.Branch, since, cancellation),
            RunPhase.Branch => DriveMembers(MemberKind.Branch, RunPhase.Gather, since, cancellation),
            RunPhase.Gather => Gather(),
            RunPhase.Mix => Mix(),
            RunPhase.Continue => DriveMembers(MemberKind.Mixture, RunPhase.Evaluate, since, cancellation),
            _ => End(RunPhase.Completed, "every model is trained and evaluated", cancellation),
        });
        metrics.SetStates(Spec.Name, Run.Ended is null ? StateMeasurements.Of(Spec.Name, Run.Members) : null);
        if (!_events.IsDirty)
            return;
        await state.WriteStateAsync(cancellation);
        _events.Written();
    }

    public Task ReceiveReminder(string reminderName, TickStatus status) => Tick(CancellationToken.None);

    private void Add(MemberKind kind, string name) => Run.Members.Add(new MemberRecord
    {
        Status = new MemberStatus { Name = name, Kind = kind, TargetSteps = MemberPlan.Of(Spec, name).Steps },
    });

    private void Begin(RunPhase phase, string text)
    {
        Run.Phase = phase;
        _events.Add(RunEventKind.PhaseBegan, null, text);
        LogPhase(Spec.Name, text);
    }

    private async Task End(RunPhase phase, string text, CancellationToken cancellation)
    {
        Run.Phase = phase;
        Run.Ended = time.GetUtcNow();
        Run.Error = phase == RunPhase.Failed ? text : null;
        _events.Add(RunEventKind.Ended, null, text);
        LogPhase(Spec.Name, $"{phase}: {text}");
        await state.WriteStateAsync(cancellation);
        _events.Written();
        await Register(cancellation);
        if (await this.GetReminder(Reminder, cancellation) is { } reminder)
            await this.UnregisterReminder(reminder, cancellation);
    }

    private Task Register(CancellationToken cancellation) => GrainFactory.GetGrain<IRunRegistryGrain>(IRunRegistryGrain.Key)
        .Record(new RunSummary(Spec.Name, Run.Phase, Run.Launched, Run.Ended), cancellation);

    [LoggerMessage(2301, LogLevel.Information, "Run {Run}: {Text}")]
    private partial void LogPhase(string run, string text);
}
