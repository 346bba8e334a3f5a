using Bam.Client.Chaos.Invariants;
using Bam.Client.Clusters;
using Bam.Client.Runs;
using Bam.Contracts.Status;

namespace Bam.Client.Chaos;

/// <summary>
/// Disturbs a run until it ends: a fault, its recovery, the invariants, a pause, and again. It ends with the first invariant that does not
/// hold, and leaves everything as it then is.
/// </summary>
/// <param name="options">What the user asks for.</param>
/// <param name="cluster">The cluster.</param>
/// <param name="connect">Opens a connection to it.</param>
/// <param name="say">Takes a line for each thing that happens.</param>
internal sealed class ChaosSession(ChaosOptions options, ChaosCluster cluster, Func<CancellationToken, Task<IRunClient>> connect, Action<string> say) : IAsyncDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50), LookPause = TimeSpan.FromMilliseconds(500);

    /// <summary>A silo that stands up again and again is waited for up to 30 s by its keeper.</summary>
    private static readonly TimeSpan RecoveryLimit = TimeSpan.FromMinutes(2);

    /// <summary>Status, log and metrics come one after another; what still disagrees after this is wrong.</summary>
    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(15);

    /// <summary>A silo that woke from a pause and lives so long was not declared dead.</summary>
    private static readonly TimeSpan ZombieLimit = TimeSpan.FromSeconds(10);

    private readonly List<FaultOutcome> _faults = [];
    private readonly FaultSchedule _schedule = new(options.Seed, options.MeanTimeBetweenFaults, options.Kinds);
    private readonly DateTimeOffset _began = DateTimeOffset.UtcNow;
    private readonly RunObserver _observer = new(connect, options.Run);
    private IReadOnlyList<Violation> _violations = [];
    private RunStatus _status = null!;
    private bool _countsFromZero;
    private int _checks;

    /// <returns>What happened; after an interruption, what happened until then.</returns>
    /// <exception cref="UserException">There is no such run, or it has ended already.</exception>
    public async Task<ChaosReport> Run(CancellationToken cancellation)
    {
        _status = await _observer.Look(cancellation);
        if (_status.HasEnded)
            throw new UserException($"{options.Run} has ended already; give a run that goes on", 2);
        _countsFromZero = _status.Members.All(member => member.Attempt <= 1);
        await using var store = new StoreWatch(Path.Combine(cluster.Home.Store, options.Run), _status.Members.Select(member => member.Name));
        await using var metrics = new MetricWatch(cluster.Home, options.Run);
        try
        {
            await Disturb(store, metrics, cancellation);
        }
        catch (UserException lost)
        {
            _violations = [.. _violations, new(Invariant.Recovers, null, lost.Message)];
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The report tells what there was.
        }

        return new(options.Run, options.Seed, options.Command, _status.Phase, _faults, _checks, [.. Unchecked(metrics)], _violations);
    }

    public ValueTask DisposeAsync() => _observer.DisposeAsync();

    private TimeSpan Elapsed => DateTimeOffset.UtcNow - _began;

    private bool IsOver => _status.HasEnded || Elapsed >= options.Duration;

    private async Task Disturb(StoreWatch store, MetricWatch metrics, CancellationToken cancellation)
    {
        var injector = new FaultInjector(cluster, store, metrics, new HitBudget(), options.Run);
        var due = TimeSpan.Zero;
        for (var number = 1; _violations.Count == 0; number++)
        {
            due = _faults.Count < (options.MaxFaults ?? int.MaxValue) ? (due > Elapsed ? due : Elapsed) + _schedule.Pause(number) : TimeSpan.MaxValue;
            while (!IsOver && Elapsed < due)
            {
                await Task.Delay(LookPause, cancellation);
                _status = await _observer.Look(cancellation);
            }

            var fault = IsOver ? null : await Inject(injector, number, cancellation);
            if (fault is null)
            {
                await Check(store, metrics, null, cancellation);
                return;
            }

            await Recover(fault, metrics, cancellation);
            if (_violations.Count == 0)
                await Check(store, metrics, fault, cancellation);
        }
    }

    /// <summary>Does the next fault of the schedule, or the first of its kinds that can be done; null when the run ends before one can.</summary>
    private async Task<InjectedFault?> Inject(FaultInjector injector, int number, CancellationToken cancellation)
    {
        while (!IsOver)
        {
            foreach (var kind in _schedule.Kinds(number))
            {
                if (await injector.Inject(kind, _status, _schedule.Of(number, FaultKinds.Word(kind)), cancellation) is not { } fault)
                    continue;
                say($"{fault.Time:HH:mm:ss} fault {_faults.Count + 1}: {FaultKinds.Word(kind)}: {fault.Target}");
                if (kind is FaultKind.Keeper or FaultKind.Power)
                    await _observer.Disconnect();
                return fault;
            }

            await Task.Delay(LookPause, cancellation);
            _status = await _observer.Look(cancellation);
        }

        return null;
    }

    /// <summary>Waits until every model that was hit has done a new step, and the cluster is whole again.</summary>
    private async Task Recover(InjectedFault fault, MetricWatch metrics, CancellationToken cancellation)
    {
        var waiting = fault.Hit.Select(member => member.Name).ToHashSet();
        var coordinated = !fault.HitCoordinator;
        TimeSpan? recovery = null;
        var looking = _observer.Look(cancellation);
        while (waiting.Count > 0 || !coordinated)
        {
            var took = DateTimeOffset.UtcNow - fault.Time;
            var condemned = WasNeverDeclaredDead(fault) ? [] : fault.Condemned;
            var steps = metrics.Steps(condemned);
            if (waiting.RemoveWhere(member => steps.GetValueOrDefault(member) > fault.Baseline.GetValueOrDefault(member)) > 0)
                recovery = took;
            if (!coordinated && metrics.CoordinatorSince(fault.Time) is { } coordinator && !condemned.Contains(coordinator))
            {
                coordinated = true;
                recovery ??= took;
            }

            if (looking.IsCompleted)
            {
                _status = await looking;
                waiting.RemoveWhere(name => _status.Members.Single(member => member.Name == name).State == MemberState.Completed);
                coordinated |= _status.HasEnded;
                looking = LookLater(cancellation);
            }

            if (_status.Phase == RunPhase.Failed)
                break;   // said by the check
            if (took > RecoveryLimit)
            {
                Violate(Invariant.Recovers, waiting.FirstOrDefault(), $"after {FaultKinds.Word(fault.Kind)} of {fault.Target}: not back within {RecoveryLimit.TotalSeconds:0} s ({string.Join(", ", waiting.DefaultIfEmpty("the coordinator"))})");
                break;
            }

            await Task.Delay(Poll, cancellation);
        }

        _status = await looking;
        await fault.Over.WaitAsync(cancellation);
        if (!await cluster.Whole(RecoveryLimit, cancellation))
            Violate(Invariant.Recovers, null, $"after {FaultKinds.Word(fault.Kind)} of {fault.Target}: not every silo is back within {RecoveryLimit.TotalSeconds:0} s; see {cluster.Home.Logs}");
        _faults.Add(new(_faults.Count + 1, fault.Kind, fault.Time, fault.Target, [.. fault.Hit.Select(member => member.Name)], recovery));
        say(recovery is { } time
            ? $"{DateTimeOffset.UtcNow:HH:mm:ss} fault {_faults.Count}: {string.Join(", ", fault.Hit.Select(member => member.Name).DefaultIfEmpty("the run"))} went on after {time.TotalSeconds:0.0} s"
            : $"{DateTimeOffset.UtcNow:HH:mm:ss} fault {_faults.Count}: nothing had to recover");
    }

    /// <summary>A paused silo that woke in time: a false alarm that never came, and no zombie.</summary>
    private static bool WasNeverDeclaredDead(InjectedFault fault) =>
        fault is { Kind: FaultKind.Pause, Over.IsCompleted: true } && DateTimeOffset.UtcNow - fault.Time > TimeSpan.FromSeconds(14) + ZombieLimit
        && fault.Condemned.All(process => process.IsAlive());

    private async Task<RunStatus> LookLater(CancellationToken cancellation)
    {
        await Task.Delay(LookPause, cancellation);
        return await _observer.Look(cancellation);
    }

    /// <summary>Checks all invariants. What only lags behind may catch up; what the store has lost is lost.</summary>
    private async Task Check(StoreWatch store, MetricWatch metrics, InjectedFault? fault, CancellationToken cancellation)
    {
        _checks++;
        var began = DateTimeOffset.UtcNow;
        while (true)
        {
            _status = await _observer.Look(cancellation);
            var broken = store.Check();
            var lagging = Telling(metrics).Concat(fault is null ? [] : After(fault, store)).ToArray();
            if (broken.Count > 0 || lagging.Length == 0 || DateTimeOffset.UtcNow - began > SettleLimit)
            {
                _violations = [.. _violations, .. broken, .. lagging];
                break;
            }

            await Task.Delay(LookPause, cancellation);
        }

        if (_status.Phase == RunPhase.Failed)
            Violate(Invariant.Recovers, null, $"the run failed: {_status.Error}");
        if (_status.Phase == RunPhase.Completed && options.Reference is { } reference)
            _violations = [.. _violations, .. HashCheck.Of(_status, reference)];
    }

    private IEnumerable<Violation> Telling(MetricWatch metrics) =>
        EventCheck.Of(_status, _observer.Events).Concat(MetricCheck.Of(_status, metrics.Everything, CountersAreWhole(metrics)));

    /// <summary>What must hold after this fault and no other.</summary>
    private IEnumerable<Violation> After(InjectedFault fault, StoreWatch store)
    {
        if (fault.Expectation != Expectation.Restart)
        {
            foreach (var violation in FalseAlarmCheck.Of(fault.Before, _status, $"{FaultKinds.Word(fault.Kind)} of {fault.Target}", graceful: fault.Expectation == Expectation.Graceful))
                yield return violation;
        }

        if (fault.Expectation == Expectation.Undisturbed && fault.Silos.FirstOrDefault(process => !process.IsAlive()) is { } ended)
            yield return new(Invariant.NoFalseAlarm, null, $"after {FaultKinds.Word(fault.Kind)} of {fault.Target}: process {ended} of a silo has ended");
        if (fault.Damaged is not { } damaged)
            yield break;
        if (store.Published(damaged.Member).Any(checkpoint => checkpoint.Folder == damaged.Checkpoint.Folder && checkpoint.Created == damaged.Checkpoint.Created))
            yield return new(Invariant.Sound, damaged.Member, $"{damaged.Checkpoint.Folder} was damaged, and is still published");
        if (!_observer.Events.Any(line => line.Kind == RunEventKind.CheckpointDamaged && line.Member == damaged.Member && line.Text.Contains($"{damaged.Checkpoint.Folder}.corrupt", StringComparison.Ordinal)))
            yield return new(Invariant.Sound, damaged.Member, $"{damaged.Checkpoint.Folder} was damaged, and the event log does not say so");
    }

    private bool CountersAreWhole(MetricWatch metrics) => _countsFromZero && metrics.Coordinators == 1;

    private IEnumerable<string> Unchecked(MetricWatch metrics)
    {
        if (options.Reference is null)
            yield return "the final bits: no undisturbed run was named (--reference)";
        else if (_status.Phase != RunPhase.Completed)
            yield return "the final bits: the run has not completed";
        if (!CountersAreWhole(metrics))
            yield return "that the metrics tell of every restart: a coordinator's silo died; that they tell of no more than happened was checked";
    }

    private void Violate(Invariant invariant, string? member, string evidence) => _violations = [.. _violations, new(invariant, member, evidence)];
}
