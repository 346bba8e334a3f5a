using Bam.Contracts.Grains;
using Bam.Contracts.Status;
using Bam.Training.Sessions;
using Microsoft.Extensions.Logging;

namespace Bam.Grains.Runs;

/// <summary>How the coordinator keeps the models of a phase in training: a lease, a call a second, and what the answers tell.</summary>
internal sealed partial class CoordinatorGrain
{
    private static readonly TimeSpan AnswerPause = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<string, Task<TrainingReport>> _calls = [];
    private readonly Dictionary<string, DeviceLease> _leases = [];
    private readonly Dictionary<string, (long Noticed, long Step)> _lost = [];

    private async Task DriveMembers(MemberKind kind, RunPhase next, TimeSpan since, CancellationToken cancellation)
    {
        var members = Run.Members.Where(member => member.Status.Kind == kind).ToArray();
        foreach (var member in members.Where(member => !member.HasEnded))
        {
            if (_leases.ContainsKey(member.Status.Name))
                member.HeldSeconds += since.TotalSeconds;
            await Drive(member, cancellation);
        }

        await Task.WhenAny(Task.WhenAll(_calls.Values.Select(Quietly)), Task.Delay(AnswerPause, time, cancellation));
        foreach (var member in members.Where(member => !member.HasEnded))
            await Hear(member);
        if (members.FirstOrDefault(member => member.Status.State == MemberState.Failed) is { } failed && members.All(member => member.HasEnded))
            await End(RunPhase.Failed, $"{failed.Status.Name} failed: {failed.Status.Error}", cancellation);
        else if (members.All(member => member.Status.State == MemberState.Completed))
            Begin(next, Title(next));
    }

    /// <summary>Makes sure that a model has a slot and a session there. Never more than one call to a grain is open.</summary>
    private async Task Drive(MemberRecord member, CancellationToken cancellation)
    {
        var name = member.Status.Name;
        if (_calls.TryGetValue(name, out var open) && !open.IsCompleted)
            return;
        var holder = GrainKeys.Member(Spec.Name, name);
        if (await GrainFactory.GetGrain<IDevicePoolGrain>(IDevicePoolGrain.Key).Acquire(holder, cancellation) is not { } lease)
        {
            if (_leases.Remove(name, out var gone))
                Lost(member, $"{gone.SiloName} died; no slot is free");
            if (member.Status.State == MemberState.Pending)
                _events.Add(RunEventKind.Queued, name, "waits for a free device");
            if (member.Status.State is MemberState.Pending or MemberState.Queued)
                member.Status = member.Status with { State = MemberState.Queued };
            return;
        }

        if (_leases.TryGetValue(name, out var before) && !before.Silo.Equals(lease.Silo))
            Lost(member, $"{before.SiloName} died");
        _leases[name] = lease;
        RequestContext.Set(Orleans.Runtime.Placement.IPlacementDirector.PlacementHintKey, lease.Silo);
        try
        {
            _calls[name] = Grain(member).EnsureRunning(new TrainingAssignment
            {
                Run = Spec,
                Member = name,
                Kind = member.Status.Kind,
                Parent = Parent(member),
                Lease = lease,
            }, CancellationToken.None);
        }
        finally
        {
            RequestContext.Remove(Orleans.Runtime.Placement.IPlacementDirector.PlacementHintKey);
        }
    }

    /// <summary>Takes in the last answer of a model's grain.</summary>
    private async Task Hear(MemberRecord member)
    {
        var name = member.Status.Name;
        if (!_calls.TryGetValue(name, out var call) || !call.IsCompleted)
            return;
        _calls.Remove(name);
        if (!call.IsCompletedSuccessfully)
        {
            // Its silo may be gone: the membership will say so, and the pool then gives another slot.
            LogNoAnswer(Spec.Name, name, call.Exception?.GetBaseException().Message.Split('\n')[0] ?? "cancelled");
            if (member.Status.State is not (MemberState.Pending or MemberState.Queued))
            {
                Lost(member, null);
                member.Status = member.Status with { State = MemberState.Recovering, TokensPerSecond = 0, Remaining = null };
            }

            return;
        }

        var report = await call;
        if (report.Misplaced)
            return;
        Tell(member, report);
        member.Status = report.Status with { Kind = member.Status.Kind, TargetSteps = member.Status.TargetSteps };
        member.Checkpoint = report.Checkpoint;
        member.Evaluations = report.Evaluations;
        member.UsefulSeconds = report.UsefulSeconds;
        if (member.HasEnded)
            await LetGo(member, null);
    }

    /// <summary>Writes into the log what is new in a report.</summary>
    private void Tell(MemberRecord member, TrainingReport report)
    {
        var (before, now) = (member.Status, report.Status);
        if (now.Attempt > before.Attempt)
            member.DamagedTold = 0;
        foreach (var damaged in report.DamagedCheckpoints.Skip(member.DamagedTold))
            _events.Add(RunEventKind.CheckpointDamaged, now.Name, damaged, attempt: now.Attempt);
        member.DamagedTold = Math.Max(member.DamagedTold, report.DamagedCheckpoints.Count);
        if (now.Error is not null && now.Error != before.Error && now.State != MemberState.Failed)
            _events.Add(RunEventKind.TrainingFailed, now.Name, now.Error, now.Step, now.Attempt);
        if (Trains(now) && (now.Attempt > before.Attempt || !Trains(before)) && report.ResumedFrom >= 0)
            Started(before, now, report.ResumedFrom);
        if (_lost.TryGetValue(now.Name, out var lost) && Trains(now) && now.Step > report.ResumedFrom)
        {
            metrics.Recovery.Record(time.GetElapsedTime(lost.Noticed).TotalSeconds, Tags(now.Name));
            _lost.Remove(now.Name);
        }

        if (now.CheckpointStep > before.CheckpointStep)
            _events.Add(RunEventKind.CheckpointPublished, now.Name, $"step {now.CheckpointStep}, {now.CheckpointHash?[..12]}", now.CheckpointStep, now.Attempt);
        if (now.State == MemberState.Completed)
            _events.Add(RunEventKind.MemberCompleted, now.Name, $"{now.Step} steps, {now.CheckpointHash?[..12]}", now.Step, now.Attempt);
        if (now.State == MemberState.Failed)
            _events.Add(RunEventKind.MemberFailed, now.Name, now.Error ?? "no reason given", now.Step, now.Attempt);
    }

    private void Started(MemberStatus before, MemberStatus now, long from)
    {
        if (now.Attempt <= 1)
        {
            _events.Add(RunEventKind.Started, now.Name, $"on {now.Device}", from, now.Attempt);
            return;
        }

        if (now.Attempt == before.Attempt)
            return;
        _events.Add(RunEventKind.Resumed, now.Name, $"on {now.Device} from step {from}: {now.Error ?? "it was stopped"}", from, now.Attempt);
        metrics.Restarts.Add(1, [.. Tags(now.Name), new("reason", now.Restarts > before.Restarts ? now.Error is "the silo that trained it died" ? "lost" : "failed" : "moved")]);
        var reached = _lost.TryGetValue(now.Name, out var lost) ? lost.Step : before.Step;
        metrics.StepsLost.Add(Math.Max(0, reached - from), Tags(now.Name));
    }

    private void Lost(MemberRecord member, string? why)
    {
        _lost.TryAdd(member.Status.Name, (time.GetTimestamp(), member.Status.Step));
        if (why is null)
            return;
        _events.Add(RunEventKind.Lost, member.Status.Name, why, member.Status.Step, member.Status.Attempt);
        member.Status = member.Status with { State = MemberState.Recovering, Device = null, TokensPerSecond = 0, Remaining = null };
    }

    private async Task LetGo(MemberRecord member, StopReason? reason)
    {
        var name = member.Status.Name;
        _calls.Remove(name);
        _leases.Remove(name);
        _lost.Remove(name);
        try
        {
            if (reason is { } why)
                await Grain(member).Stop(why);
            await GrainFactory.GetGrain<IDevicePoolGrain>(IDevicePoolGrain.Key).Release(GrainKeys.Member(Spec.Name, name));
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            // A dead silo needs no telling: the session there is gone, and so is its lease.
            LogNoAnswer(Spec.Name, name, e.Message.Split('\n')[0]);
        }
    }

    private ITrainingGrain Grain(MemberRecord member)
    {
        var key = GrainKeys.Member(Spec.Name, member.Status.Name);
        return member.Status.Kind == MemberKind.Mixture ? GrainFactory.GetGrain<IMixtureGrain>(key) : GrainFactory.GetGrain<IBranchGrain>(key);
    }

    /// <summary>What a model's first weights come from; a mixture's own step 0 lies in its folder.</summary>
    private CheckpointRef? Parent(MemberRecord member) => member.Status.Kind switch
    {
        MemberKind.Seed when Spec.SeedModel.Checkpoint is { } given => new CheckpointRef(given, 0, 0, ""),
        MemberKind.Branch => Run.Members.Single(other => other.Status.Name == MemberPlan.Seed).Checkpoint,
        _ => null,
    };

    private KeyValuePair<string, object?>[] Tags(string member) => [new("run", Spec.Name), new("branch", member)];

    private static bool Trains(MemberStatus status) => status.State is MemberState.Training or MemberState.Evaluating or MemberState.Completed;

    private static string Title(RunPhase phase) => phase switch
    {
        RunPhase.Branch => "branches",
        RunPhase.Gather => "gather the experts' checkpoints",
        RunPhase.Mix => "build the mixtures",
        RunPhase.Continue => "train the mixtures",
        RunPhase.Evaluate => "evaluation",
        _ => phase.ToString(),
    };

    // A task that ends well whatever happened: the outcome is looked at later, one by one.
    private static Task Quietly(Task task) => task.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    [LoggerMessage(2302, LogLevel.Information, "Run {Run}: {Member} does not answer: {Reason}")]
    private partial void LogNoAnswer(string run, string member, string reason);
}
