using System.Diagnostics;
using Bam.Client.Clusters;
using Bam.Contracts.Status;
using Bam.Training.Checkpoints;

namespace Bam.Client.Chaos;

/// <summary>Does one fault to a cluster. Each returns null, and has done nothing that counts, when there is nothing now that it could hit.</summary>
internal sealed class FaultInjector(ChaosCluster cluster, StoreWatch store, MetricWatch metrics, HitBudget budget, string run)
{
    private static readonly TimeSpan OrderLimit = TimeSpan.FromSeconds(30);

    /// <summary>How long what must not disturb is looked at: longer than the failure detection.</summary>
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(7);

    private static readonly string[] DeathPoints =
        ["step", "save-staged", "save-weights", "save-optimizer", "save-manifest", "save-published", "save-pruned", "prepare"];

    private static readonly string[] SavePoints = ["save-staged", "save-weights", "save-optimizer", "save-manifest"];

    public Task<InjectedFault?> Inject(FaultKind kind, RunStatus now, Random random, CancellationToken cancellation) => kind switch
    {
        FaultKind.Kill => Signal(kind, Pick(Trainers(now), random), now, process => process.Kill(), Expectation.Restart),
        FaultKind.KillCoordinator => Signal(kind, Pick([.. cluster.Silos.Where(silo => silo.Process == Coordinator && MayDie(silo, now))], random), now, process => process.Kill(), Expectation.Restart),
        FaultKind.KillAny => Signal(kind, Pick([.. cluster.Silos.Where(silo => MayDie(silo, now))], random), now, process => process.Kill(), Expectation.Restart),
        FaultKind.Stop => Signal(kind, Pick(Trainers(now), random), now, process => process.Stop(), Expectation.Graceful),
        FaultKind.Pause => Pause(now, random),
        FaultKind.Hiccup => Hiccup(now, random),
        FaultKind.Corrupt => Corrupt(now, random),
        FaultKind.Crash => Crash(now, random, cancellation),
        FaultKind.NoSpace => NoSpace(now, random, cancellation),
        FaultKind.Keeper => Keeper(now, random, withSilos: false),
        FaultKind.Power => Keeper(now, random, withSilos: true),
        FaultKind.Client => KillConsole(now, random, cancellation),
        _ => throw new UnreachableException($"{kind}"),
    };

    private ProcessIdentity? Coordinator => metrics.CoordinatorSince(DateTimeOffset.UtcNow - TimeSpan.FromSeconds(2));

    private Task<InjectedFault?> Signal(FaultKind kind, SiloState? silo, RunStatus now, Action<ProcessIdentity> signal, Expectation expectation)
    {
        if (silo is null)
            return Task.FromResult<InjectedFault?>(null);
        var fault = Fault(kind, now, Named(silo, now), expectation, Victims(silo, now), [silo.Process!]);
        signal(silo.Process!);
        return Task.FromResult<InjectedFault?>(fault);
    }

    private Task<InjectedFault?> Pause(RunStatus now, Random random)
    {
        if (cluster.Silos.Count < 2 || Pick(Trainers(now), random) is not { Process: { } process } silo)
            return Task.FromResult<InjectedFault?>(null);
        var time = TimeSpan.FromSeconds(10 + (4 * random.NextDouble()));
        var fault = Fault(FaultKind.Pause, now, $"{Named(silo, now)} for {time.TotalSeconds:0.0} s", Expectation.Restart, Victims(silo, now), [process]);
        cluster.Freeze(process);
        return Task.FromResult<InjectedFault?>(fault with { Over = ThawAfter(process, time) });
    }

    private async Task<InjectedFault?> Hiccup(RunStatus now, Random random)
    {
        if (Pick(cluster.Silos, random) is not { Process: { } process } silo)
            return null;
        var time = TimeSpan.FromSeconds(0.3 + (1.2 * random.NextDouble()));
        var fault = Fault(FaultKind.Hiccup, now, $"{Named(silo, now)} for {time.TotalSeconds:0.0} s", Expectation.Undisturbed, [], []);
        cluster.Freeze(process);
        await ThawAfter(process, time);
        return fault with { Over = Task.Delay(Aftermath, CancellationToken.None) };
    }

    private async Task ThawAfter(ProcessIdentity process, TimeSpan time)
    {
        await Task.Delay(time, CancellationToken.None);
        cluster.Thaw(process);
    }

    /// <summary>Freezes the silo first: what is damaged is then the newest for sure, and the next attempt reads it.</summary>
    private Task<InjectedFault?> Corrupt(RunStatus now, Random random)
    {
        var member = Pick([.. Training(now).Where(member => budget.Allows(member) && HasTwo(member))], random);
        if (member is null || SiloOf(member) is not { Process: { } process } silo)
            return Task.FromResult<InjectedFault?>(null);
        cluster.Freeze(process);
        var (published, sound) = (store.Published(member.Name), false);
        foreach (var older in published.SkipLast(1).Reverse())
            sound = sound || MemberStore.Verify(older.Folder).Sound is not null;
        if (!sound)
        {
            cluster.Thaw(process);
            return Task.FromResult<InjectedFault?>(null);
        }

        var newest = published[^1];
        store.Damage(member.Name, newest);
        var done = Damage.Do(newest.Folder, random);
        var fault = Fault(FaultKind.Corrupt, now, $"{done} of {member.Name}/{Path.GetFileName(newest.Folder)}, kill {Named(silo, now)}", Expectation.Restart, Victims(silo, now), [process]);
        process.Kill();
        cluster.Thaw(process);
        return Task.FromResult<InjectedFault?>(fault with { Damaged = (member.Name, newest) });
    }

    private async Task<InjectedFault?> Crash(RunStatus now, Random random, CancellationToken cancellation)
    {
        if (cluster.Orders is not { } orders || Pick([.. Training(now).Where(budget.Allows)], random) is not { } member || SiloOf(member) is not { Process: { } process } silo)
            return null;
        var point = DeathPoints[random.Next(DeathPoints.Length)];
        var order = $"die@{point}@{member.Name}@*";
        orders.Order(order);
        var began = Fault(FaultKind.Crash, now, $"{member.Name} at {point}", Expectation.Restart, [member], [process]);
        if (point == "prepare")
        {
            process.Kill();
            budget.Hit(member);
        }

        if (await orders.UntilFired(order, OrderLimit, cancellation) is not { } fired)
            return point == "prepare" ? began with { Target = $"{Named(silo, now)}; it did not die again as it resumed" } : null;
        // Who dies as it resumes is not who died before.
        ProcessIdentity[] condemned = [process, .. cluster.Silos.Select(other => other.Process!).Where(other => other.Id == fired.Process)];
        return began with
        {
            Target = point == "prepare" ? $"{Named(silo, now)}, and {member.Name} again as it resumes" : began.Target,
            Time = fired.Time,
            Condemned = condemned,
            Baseline = metrics.Steps(condemned),
        };
    }

    private async Task<InjectedFault?> NoSpace(RunStatus now, Random random, CancellationToken cancellation)
    {
        if (cluster.Orders is not { } orders || Pick(Training(now), random) is not { } member)
            return null;
        var point = SavePoints[random.Next(SavePoints.Length)];
        var order = $"nospace@{point}@{member.Name}@*";
        orders.Order(order);
        return await orders.UntilFired(order, OrderLimit, cancellation) is { } fired
            ? Fault(FaultKind.NoSpace, now, $"{member.Name} at {point}", Expectation.Undisturbed, [], []) with { Time = fired.Time, Over = Task.Delay(Aftermath, CancellationToken.None) }
            : null;
    }

    private async Task<InjectedFault?> Keeper(RunStatus now, Random random, bool withSilos)
    {
        if (!now.Members.Where(member => member.Device is not null).All(budget.Allows))
            return null;
        var silos = cluster.Silos.Select(silo => silo.Process!).ToArray();
        var hit = now.Members.Where(member => member.Device is not null && !HasEnded(member)).ToArray();
        var fault = withSilos
            ? Fault(FaultKind.Power, now, "every process", Expectation.Restart, hit, silos)
            : Fault(FaultKind.Keeper, now, "the keeper", Expectation.Graceful, hit, silos);
        cluster.Keeper.Kill();
        foreach (var silo in withSilos ? silos : [])
            silo.Kill();
        await Task.Delay(TimeSpan.FromSeconds(2 * random.NextDouble()), CancellationToken.None);
        await cluster.BringBack();
        return fault with { HitCoordinator = true };
    }

    private async Task<InjectedFault?> KillConsole(RunStatus now, Random random, CancellationToken cancellation)
    {
        var start = BamProgram.StartInfo();
        foreach (var argument in new[] { "watch", run, "--home", cluster.Home.Folder })
            start.ArgumentList.Add(argument);
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var console = Process.Start(start)!;
        var fault = Fault(FaultKind.Client, now, $"console {console.Id}", Expectation.Undisturbed, [], []);
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(1 + (2 * random.NextDouble())), cancellation);
        }
        finally
        {
            console.Kill();
        }

        return fault with { Time = DateTimeOffset.UtcNow, Over = Task.Delay(Aftermath, CancellationToken.None) };
    }

    private InjectedFault Fault(
        FaultKind kind, RunStatus now, string target, Expectation expectation, IReadOnlyList<MemberStatus> hit, IReadOnlyList<ProcessIdentity> condemned)
    {
        foreach (var member in expectation == Expectation.Restart ? hit : [])
            budget.Hit(member);
        return new()
        {
            Kind = kind,
            Time = DateTimeOffset.UtcNow,
            Target = target,
            Expectation = expectation,
            Hit = hit,
            Condemned = condemned,
            Baseline = metrics.Steps(condemned),
            HitCoordinator = Coordinator is { } coordinator && condemned.Contains(coordinator),
            Silos = [.. cluster.Silos.Select(silo => silo.Process!)],
            Before = now,
        };
    }

    private IReadOnlyList<SiloState> Trainers(RunStatus now) => [.. cluster.Silos.Where(silo => Victims(silo, now).Count > 0 && MayDie(silo, now))];

    private static IReadOnlyList<MemberStatus> Training(RunStatus now) => [.. now.Members.Where(member => member is { State: MemberState.Training, Device: not null } && member.Step < member.TargetSteps)];

    private static IReadOnlyList<MemberStatus> Victims(SiloState silo, RunStatus now) =>
        [.. now.Members.Where(member => !HasEnded(member) && member.Device?.Split('/')[0] == silo.Name)];

    private static bool HasEnded(MemberStatus member) => member.State is MemberState.Completed or MemberState.Failed or MemberState.Cancelled;

    private bool MayDie(SiloState silo, RunStatus now) => Victims(silo, now).All(budget.Allows);

    private bool HasTwo(MemberStatus member) => store.Published(member.Name).Count > 1;

    private SiloState? SiloOf(MemberStatus member) => cluster.Silo(member.Device!.Split('/')[0]);

    private string Named(SiloState silo, RunStatus now)
    {
        var roles = Victims(silo, now).Select(member => $"trains {member.Name}").ToList();
        if (silo.Process == Coordinator)
            roles.Add("coordinates");
        return roles.Count > 0 ? $"{silo.Name} ({string.Join(", ", roles)})" : silo.Name;
    }

    private static T? Pick<T>(IReadOnlyList<T> from, Random random)
        where T : class => from.Count == 0 ? null : from[random.Next(from.Count)];
}
