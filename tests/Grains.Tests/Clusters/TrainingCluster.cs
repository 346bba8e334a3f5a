using System.Collections.Concurrent;
using System.Globalization;
using Bam.Contracts.Grains;
using Bam.Contracts.Runs;
using Bam.Contracts.Status;
using Bam.Grains.Hosting;
using Bam.Training.Faults;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Runtime.Hosting;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Runtime.Placement;
using Orleans.Serialization;
using Orleans.TestingHost;

namespace Bam.Grains.Tests.Clusters;

/// <summary>Silos with the real grains, the real training and one device slot each, in this process.</summary>
internal sealed class TrainingCluster : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<string, SiloClock> _clocks = new();
    private readonly InProcessTestCluster _cluster;

    private TrainingCluster(int silos, TimeSpan backOff, string? store)
    {
        BackOff = backOff;
        var builder = new InProcessTestClusterBuilder((short)silos);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((specific, silo) =>
        {
            var clock = _clocks[specific.SiloName] = new SiloClock(specific.SiloName, Pace);
            silo.Services.AddSingleton<TimeProvider>(clock);
            silo.Services.AddGrainStorage(TrainingGrainStorage.Name, (services, _) => Storage.Of(clock, services.GetRequiredService<Serializer>()));
            silo.UseSiloMetadata(DeviceMetadata.Of("cpu", slots: 1));
            silo.UseInMemoryReminderService();
            silo.AddIncomingGrainCallFilter(Answer);
            silo.Configure<ClusterMembershipOptions>(membership =>
            {
                membership.ProbeTimeout = TimeSpan.FromSeconds(1);
                membership.TableRefreshTimeout = TimeSpan.FromSeconds(2);
            });
            silo.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(5));
            silo.AddBamTraining(new TrainingHostOptions
            {
                Store = store ?? Folder.At("store"),
                TokenCache = Folder.At("tokens"),
                Threads = 1,
                BackOff = BackOff,
                Faults = new FaultFolder(Folder.At("faults")),
                EndProcess = () => _ = clock.IsDead ? Task.CompletedTask : Kill(specific.SiloName),
            });
        });
        _cluster = builder.Build();
    }

    public TemporaryFolder Folder { get; } = new();

    public Pace Pace { get; } = new();

    private TimeSpan BackOff { get; }

    public ClusterStorage Storage { get; } = new();

    /// <summary>Names of the silos in the order in which their slots are leased.</summary>
    public IReadOnlyList<string> Silos => [.. _cluster.Silos.Select(silo => silo.Name).Order(StringComparer.Ordinal)];

    /// <summary>What each model's grain was told to do last.</summary>
    public ConcurrentDictionary<string, TrainingAssignment> Assignments { get; } = new();

    /// <summary>Answers in a training grain's place; null lets the grain answer.</summary>
    public Func<TrainingAssignment, TrainingReport?>? Answers { get; set; }

    /// <summary>Holds the answers of training grains back.</summary>
    public Func<TrainingReport, TimeSpan>? Delays { get; set; }

    /// <summary>Changes what training grains answer.</summary>
    public Func<TrainingReport, TrainingReport>? Rewrites { get; set; }

    public IDevicePoolGrain Pool => _cluster.Client.GetGrain<IDevicePoolGrain>(IDevicePoolGrain.Key);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <param name="silos">How many.</param>
    /// <param name="backOff">Pause after the first failure.</param>
    /// <param name="store">Root of the checkpoint store; null for one of its own.</param>
    public static async Task<TrainingCluster> Start(int silos, TimeSpan backOff = default, string? store = null)
    {
        var cluster = new TrainingCluster(silos, backOff, store);
        await cluster._cluster.DeployAsync();
        return cluster;
    }

    public ICoordinatorGrain Coordinator(string run) => _cluster.Client.GetGrain<ICoordinatorGrain>(GrainKeys.Run(run));

    /// <summary>Launches a run, whose coordinator comes to live on a silo; the last one unless said otherwise.</summary>
    public Task<LaunchAnswer> Launch(RunSpec spec, string? coordinator = null) =>
        On(coordinator ?? Silos[^1], () => Coordinator(spec.Name).Launch(spec, Cancellation));

    /// <summary>Calls a training grain as a coordinator does; it comes to live on a silo unless it lives already.</summary>
    public Task<TrainingReport> EnsureRunning(TrainingAssignment assignment, string activateOn) =>
        On(activateOn, () => Member(assignment.Run.Name, assignment.Member).EnsureRunning(assignment, Cancellation));

    public Task StopTraining(string run, string member, StopReason reason) => Member(run, member).Stop(reason, Cancellation);

    public Task Reevaluate(string run, string member) => Member(run, member).Reevaluate(Cancellation);

    /// <summary>Stores the state of a grain that has not been active.</summary>
    public Task Store<T>(string state, string branch, T value) => Storage
        .Of(new SiloClock("none", Pace), _cluster.Client.ServiceProvider.GetRequiredService<Serializer>())
        .WriteStateAsync(state, _cluster.Client.GetGrain<IBranchGrain>(branch).GetGrainId(), new GrainState<T>(value));

    public Task<RunStatus?> Status(string run) => Coordinator(run).GetStatus(Cancellation);

    /// <summary>What a model's grain says itself.</summary>
    public async Task<MemberStatus> Report(string run, string member) => (await Member(run, member).GetReport(Cancellation)).Status;

    public Task<ModelHistory?> History(string run, string member) => Coordinator(run).GetHistory(member, Cancellation);

    public Task<bool> Cancel(string run) => Coordinator(run).Cancel(Cancellation);

    public Task<bool> Pause(string run) => Coordinator(run).Pause(Cancellation);

    public Task<bool> Resume(string run) => Coordinator(run).Resume(Cancellation);

    public Task<RetryOutcome> Retry(string run, string member) => Coordinator(run).Retry(member, Cancellation);

    public Task<IReadOnlyList<string>> ReadLog(string run, string member, int lines) => Coordinator(run).ReadLog(member, lines, Cancellation);

    /// <summary>Orders a fault; it fires once unless <paramref name="always"/> (FaultFolder has the words).</summary>
    public void Order(string fault, bool always = false)
    {
        Directory.CreateDirectory(Folder.At("faults"));
        File.WriteAllText(Folder.At("faults", $".{fault}"), always ? "always" : "");
        File.Move(Folder.At("faults", $".{fault}"), Folder.At("faults", fault));
    }

    /// <summary>Takes all orders back.</summary>
    public void ClearOrders() => Directory.Delete(Folder.At("faults"), recursive: true);

    public Task<EventPage> Read(string run, long after, int max) => Coordinator(run).ReadEvents(after, max, TimeSpan.Zero, Cancellation);

    public async Task<IReadOnlyList<RunEvent>> Events(string run) => (await Read(run, 0, 1000)).Events;

    public Task<IReadOnlyList<RunSummary>> Runs() => _cluster.Client.GetGrain<IRunRegistryGrain>(IRunRegistryGrain.Key).List(Cancellation);

    public Task<DeviceLease?> Acquire(string holder) => Pool.Acquire(holder, Cancellation);

    public Task Release(string holder) => Pool.Release(holder, Cancellation);

    public Task<IReadOnlyList<DeviceStatus>> Devices() => Pool.List(Cancellation);

    /// <summary>Folder of a model's checkpoint at a step, there or not.</summary>
    public string Checkpoint(string run, string member, long step) =>
        Folder.At("store", run, member, string.Create(CultureInfo.InvariantCulture, $"step-{step:00000000}"));

    public bool IsActive(IAddressable grain) => _cluster.TryGetGrainContext(grain.GetGrainId(), out _);

    public Task Deactivate(IAddressable grain) => _cluster.DeactivateAsync(grain);

    /// <summary>Ends a silo as kill -9 does: nothing more is stored, saved or told.</summary>
    public async Task Kill(string silo)
    {
        _clocks[silo].Die();
        await _cluster.KillSiloAsync(Handle(silo));
    }

    /// <summary>Ends a silo as SIGTERM does.</summary>
    public Task Stop(string silo) => _cluster.StopSiloAsync(Handle(silo));

    /// <summary>Lets time pass on every silo, but for the timers.</summary>
    public void Advance(TimeSpan by)
    {
        foreach (var clock in _clocks.Values)
            clock.Advance(by);
    }

    /// <summary>Sets every silo's wall clock, forward or back.</summary>
    public void JumpWallClocks(TimeSpan by)
    {
        foreach (var clock in _clocks.Values)
            clock.Jump(by);
    }

    /// <summary>Drives the run until its status is as asked.</summary>
    public async Task<RunStatus> Until(string run, Func<RunStatus, bool> reached)
    {
        RunStatus? seen = null;
        await Until(async () =>
        {
            try
            {
                await Coordinator(run).Tick(Cancellation);
                seen = await Status(run);
                return seen is not null && reached(seen);
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                return false;   // a silo has just died
            }
        }, () => Describe(seen));
        return seen!;
    }

    public Task<RunStatus> UntilEnded(string run) => Until(run, status => status.HasEnded);

    /// <summary>Lets a model train until it is beyond its second checkpoint, and holds it there while its coordinator knows where it is.</summary>
    public async Task<MemberStatus> HoldBeyondStep8(string run, string member)
    {
        Pace.HoldAfter(() => Directory.Exists(Checkpoint(run, member, 8)));
        var held = await Until(run, status =>
            Of(status, member) is { State: MemberState.Training, Device: not null } seen && Pace.IsHeld(Silo(seen)));
        var silo = Silo(Of(held, member));
        await Until(async () =>
        {
            var truth = await Report(run, member);
            if (truth.Step % 4 == 0 && Pace.IsHeld(silo))
                Pace.Admit(silo);   // not right on a checkpoint: something must be at stake
            return truth is { CheckpointStep: >= 8 } && truth.Step % 4 != 0 && Pace.IsHeld(silo);
        });
        var reached = (await Report(run, member)).Step;
        return Of(await Until(run, status => Of(status, member).Step == reached), member);
    }

    public static Task Until(Func<bool> reached) => Until(() => Task.FromResult(reached()));

    public static Task Until(Func<Task<bool>> reached) => Until(reached, () => "the condition was not met");

    public async ValueTask DisposeAsync()
    {
        Pace.Release();
        await _cluster.StopAllSilosAsync();
        await _cluster.DisposeAsync();
        Folder.Dispose();
    }

    public static MemberStatus Of(RunStatus status, string member) => status.Members.Single(model => model.Name == member);

    /// <summary>Name of the silo that a model trains on.</summary>
    public static string Silo(MemberStatus member) => member.Device!.Split('/')[0];

    private static async Task Until(Func<Task<bool>> reached, Func<string> state)
    {
        var end = DateTimeOffset.UtcNow + Deadline;
        while (!await reached())
        {
            Assert.True(DateTimeOffset.UtcNow < end, $"after {Deadline.TotalSeconds} s: {state()}");
            await Task.Delay(50, Cancellation);
        }
    }

    private static string Describe(RunStatus? status) => status is null ? "no status" : $"{status.Phase} {status.Error}: " +
        string.Join("; ", status.Members.Select(member =>
            $"{member.Name} {member.State} {member.Step}/{member.TargetSteps}, attempt {member.Attempt} on {member.Device} {member.Error}"));

    private ITrainingGrain Member(string run, string member)
    {
        var key = GrainKeys.Member(run, member);
        return member.StartsWith("bam", StringComparison.Ordinal) ? _cluster.Client.GetGrain<IMixtureGrain>(key) : _cluster.Client.GetGrain<IBranchGrain>(key);
    }

    private async Task Answer(IIncomingGrainCallContext call)
    {
        if (call.MethodName != nameof(ITrainingGrain.EnsureRunning) || call.Request.GetArgument(0) is not TrainingAssignment assignment)
        {
            await call.Invoke();
            return;
        }

        Assignments[assignment.Member] = assignment;
        if (Answers?.Invoke(assignment) is { } report)
        {
            call.Result = report;
            return;
        }

        await call.Invoke();
        if (Delays is { } delay && call.Result is TrainingReport late)
            await Task.Delay(delay(late));
        if (Rewrites is { } rewrite && call.Result is TrainingReport answered)
            call.Result = rewrite(answered);
    }

    private async Task<T> On<T>(string silo, Func<Task<T>> call)
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, Handle(silo).SiloAddress);
        try
        {
            return await call();
        }
        finally
        {
            RequestContext.Remove(IPlacementDirector.PlacementHintKey);
        }
    }

    private InProcessSiloHandle Handle(string silo) => _cluster.Silos.Single(handle => handle.Name == silo);
}
