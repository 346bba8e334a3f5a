using System.Globalization;
using Bam.Contracts.Grains;
using Bam.Contracts.Runs;
using Bam.Contracts.Status;
using Microsoft.Extensions.Logging;
using Orleans.Runtime.Placement;

namespace Bam.Grains.Runs;

/// <summary>How the coordinator keeps the models of a phase in training: a lease, a call a second, and what the answers tell.</summary>
internal sealed partial class CoordinatorGrain
{
    private static readonly TimeSpan AnswerPause = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<string, Task<TrainingReport>> _calls = [];

    private async Task DriveMembers(MemberKind kind, RunPhase next, TimeSpan since)
    {
        var members = Run.Members.Where(member => member.Status.Kind == kind).ToArray();
        var behind = members.Where(LacksEvaluations).ToArray();
        foreach (var member in behind)
            await TakeBack(member);
        if (behind.Length > 0)
            await Save();   // before one of them starts: it is taken back once
        if (kind == MemberKind.Branch && members.All(member => member.Status.State != MemberState.Failed))
            await BuildAhead();
        var ahead = kind == MemberKind.Mixture ? [] : BuiltMixtures();
        await Drive([.. members, .. ahead], since);
        if (members.All(member => member.Status.State == MemberState.Completed))
            Begin(next);
        else if (members.Concat(ahead).All(member => member.HasEnded))
            await (members.FirstOrDefault(member => member.Status.State == MemberState.Failed) is { } failed
                ? End(RunPhase.Failed, $"{failed.Status.Name} failed: {failed.Status.Error}")
                : End(RunPhase.Cancelled, "cancelled"));
    }

    /// <summary>Drives models that have not ended, the first ones first where devices are few, and takes in what their grains answer soon.</summary>
    private async Task Drive(IReadOnlyList<MemberRecord> members, TimeSpan since)
    {
        foreach (var member in members.Where(member => !member.HasEnded))
            await Drive(member, since);
        await Answers();
        foreach (var member in members.Where(member => !member.HasEnded))
            await Hear(member);
    }

    /// <summary>Waits for the answers to the open calls, though not for long: a silo may have died.</summary>
    private async Task Answers() => await Task.WhenAny(Task.WhenAll(_calls.Values.Select(Quietly)), Task.Delay(AnswerPause, time));

    /// <summary>Makes sure that a model has a slot and a session there. Never more than one call to a grain is open.</summary>
    private async Task Drive(MemberRecord member, TimeSpan since)
    {
        var name = member.Status.Name;
        if (_calls.TryGetValue(name, out var open) && !open.IsCompleted)
        {
            member.HeldSeconds += member.Lease is null ? 0 : since.TotalSeconds;
            return;
        }

        var holder = GrainKeys.Member(Spec.Name, name);
        var lease = await GrainFactory.GetGrain<IDevicePoolGrain>(IDevicePoolGrain.Key).Acquire(holder);
        var kept = lease is not null && lease.Silo.Equals(member.Lease?.Silo);
        if (kept)
            member.HeldSeconds += since.TotalSeconds;
        else if (member.Lease is { } gone)
            Lost(member, lease is null ? $"{gone.SiloName} is gone; no slot is free" : $"{gone.SiloName} is gone");
        member.Lease = lease;
        if (lease is null)
        {
            if (member.Status.State == MemberState.Pending)
                _events.Add(RunEventKind.Queued, name, "waits for a free device");
            if (member.Status.State is MemberState.Pending or MemberState.Queued)
                member.Status = member.Status with { State = MemberState.Queued };
            return;
        }

        RequestContext.Set(IPlacementDirector.PlacementHintKey, lease.Silo);
        try
        {
            _calls[name] = Grain(member).EnsureRunning(new TrainingAssignment
            {
                Run = Spec,
                Member = name,
                Kind = member.Status.Kind,
                Parent = Parent(member),
                Lease = lease,
                Experts = Experts(member),
                Owner = string.Create(CultureInfo.InvariantCulture, $"run {Spec.Name}, launched {Run.Launched.UtcDateTime:O}"),
            }, CancellationToken.None);
        }
        finally
        {
            RequestContext.Remove(IPlacementDirector.PlacementHintKey);
        }
    }

    /// <summary>Takes in the last answer of a model's grain.</summary>
    /// <returns>Whether there was one.</returns>
    private async Task<bool> Hear(MemberRecord member)
    {
        var name = member.Status.Name;
        if (!_calls.TryGetValue(name, out var call) || !call.IsCompleted)
            return false;
        _calls.Remove(name);
        if (!call.IsCompletedSuccessfully)
        {
            // Its silo may be gone: the membership will say so, and the pool then gives another slot.
            LogNoAnswer(Spec.Name, name, call.Exception?.GetBaseException().Message.Split('\n')[0] ?? "cancelled");
            if (member.Status.State is not (MemberState.Pending or MemberState.Queued))
            {
                Lost(member, null);
            }

            return false;
        }

        var report = await call;
        if (report.Misplaced)
            return false;
        Tell(member, report);
        member.Status = report.Status with { Kind = member.Status.Kind, TargetSteps = member.Status.TargetSteps };
        member.Checkpoint = report.Checkpoint;
        member.Evaluations = report.Evaluations;
        member.UsefulSeconds = report.UsefulSeconds;
        if (member.HasEnded)
            await LetGo(member, null);
        return true;
    }

    /// <summary>The session is not where it was: a silo is gone, or does not answer, which may be a false alarm.</summary>
    /// <param name="why">Line for the event log; null for none.</param>
    private void Lost(MemberRecord member, string? why)
    {
        if (member.Status.Attempt > 0)   // what has not begun has nothing to recover
            (member.MissedAt, member.MissedAttempt) = (member.MissedAt ?? time.GetUtcNow(), member.Status.Attempt);
        if (why is not null)
            _events.Add(RunEventKind.Lost, member.Status.Name, why, member.Status.Step, member.Status.Attempt);
        member.Status = member.Status with
        {
            State = MemberState.Recovering,
            Device = null,
            TokensPerSecond = 0,
            FlopsPerSecond = 0,
            Remaining = null,
        };
    }

    private async Task LetGo(MemberRecord member, StopReason? reason)
    {
        var name = member.Status.Name;
        _calls.Remove(name);
        (member.Lease, member.MissedAt) = (null, null);
        // A dead silo needs no telling: the session there is gone, and so is its lease. A lease that nobody asks for runs out by itself.
        if (reason is { } why && member.Status.State is not MemberState.Pending)
            await Quietly(Grain(member).Stop(why));
        await Quietly(GrainFactory.GetGrain<IDevicePoolGrain>(IDevicePoolGrain.Key).Release(GrainKeys.Member(Spec.Name, name)));
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
        MemberKind.Branch => Run.Members.Single(other => other.Status.Name == SeedModelSpec.MemberName).Checkpoint,
        _ => null,
    };

    /// <summary>The dense models that a mixture is built from, in its order.</summary>
    private IReadOnlyList<NamedCheckpoint> Experts(MemberRecord member) => member.Status.Kind != MemberKind.Mixture
        ? []
        : [.. Spec.Mixtures.Single(mixture => mixture.Name == member.Status.Name).Experts
            .Select(name => new NamedCheckpoint(name, Run.Members.Single(other => other.Status.Name == name).Checkpoint!.Folder))];

    private static string Title(RunPhase phase) => phase switch
    {
        RunPhase.Seed => "seed model",
        RunPhase.Branch => "branches",
        RunPhase.Gather => "gather the experts' checkpoints",
        RunPhase.Mix => "build the mixtures",
        RunPhase.Continue => "train the mixtures",
        RunPhase.Evaluate => "evaluation",
        _ => phase.ToString(),
    };

    // A task that ends well whatever happened: the outcome is looked at later, one by one.
    private static Task Quietly(Task task) =>
        task.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    [LoggerMessage(2302, LogLevel.Information, "Run {Run}: {Member} does not answer: {Reason}")]
    private partial void LogNoAnswer(string run, string member, string reason);
}
