using Bam.Contracts.Grains;
using Bam.Contracts.Status;
using Bam.Grains.Members;

namespace Bam.Grains.Runs;

/// <summary>What users ask of a run that goes on or has ended: to pause, to go on, to try again.</summary>
internal sealed partial class CoordinatorGrain
{
    private const int MostLines = 1000;

    public Task<bool> Pause(CancellationToken cancellation) => SetPaused(true, RunEventKind.Paused, "the sessions save and end");

    public Task<bool> Resume(CancellationToken cancellation) => SetPaused(false, RunEventKind.Continued, "the run goes on");

    public async Task<RetryOutcome> Retry(string member, CancellationToken cancellation)
    {
        if (Run.Spec is null)
        {
            DeactivateOnIdle();
            return RetryOutcome.NoSuchRun;
        }

        if (Run.Members.FirstOrDefault(known => known.Status.Name == member) is not { } asked)
            return RetryOutcome.NoSuchModel;
        // A run can fail between two phases, when a mixture cannot be built: then it is that mixture which is tried again.
        if (asked.Status.State is not (MemberState.Failed or MemberState.Cancelled) && !(Run.Phase == RunPhase.Failed && !asked.HasEnded))
            return RetryOutcome.NothingToRetry;
        await Remind();
        foreach (var again in Run.Members.Where(known => known == asked || known.Status.State == MemberState.Cancelled))
        {
            await Grain(again).Retry(CancellationToken.None);
            again.Status = again.Status with { State = MemberState.Pending, Error = null, LogTail = [] };
            again.IsBuilt = false;   // a mixture's step 0 may be what was wrong: it is looked at again
        }

        _events.Add(RunEventKind.Retried, member, "tried again");
        if (Run.Ended is not null)
        {
            (Run.Ended, Run.Error) = (null, null);
            BeginWithWork();
        }

        await Save();
        await Register();
        return RetryOutcome.TakenUp;
    }

    public Task<IReadOnlyList<string>> ReadLog(string member, int lines, CancellationToken cancellation)
    {
        if (Run.Spec is null)
            DeactivateOnIdle();
        return Task.FromResult(Run.Members.Any(known => known.Status.Name == member)
            ? AttemptLog.Tail(options.FolderOf(Spec.Name, member), Math.Clamp(lines, 1, MostLines))
            : []);
    }

    private async Task<bool> SetPaused(bool paused, RunEventKind kind, string text)
    {
        if (Run.Spec is null)
            DeactivateOnIdle();
        if (Run.Spec is null || Run.Ended is not null)
            return false;
        if (Run.Paused == paused)
            return true;
        Run.Paused = paused;
        foreach (var member in Run.Members.Where(member => !paused && member.Status.State == MemberState.Paused))
            member.Status = member.Status with { State = MemberState.Recovering };
        foreach (var member in Run.Members.Where(member => paused && member.Status.State == MemberState.Queued))
            await LetGo(member, null);   // its place in the queue
        _events.Add(kind, null, text);
        await Save();
        return true;
    }

    /// <summary>Has the sessions of a paused run save and end; each slot is free when its session is gone.</summary>
    private async Task Rest()
    {
        var holders = Run.Members.Where(member => !member.HasEnded && member.Lease is not null).ToArray();
        foreach (var member in holders.Where(member => !_calls.ContainsKey(member.Status.Name)))
            _calls[member.Status.Name] = Halt(Grain(member));
        await Answers();
        foreach (var member in holders)
        {
            if (!await Hear(member) || member.HasEnded || member.Status.Device is not null)
                continue;
            await LetGo(member, null);
            member.Status = member.Status with { State = MemberState.Paused };
        }
    }

    private static async Task<TrainingReport> Halt(ITrainingGrain grain)
    {
        await grain.Stop(StopReason.Paused);
        return await grain.GetReport();
    }
}
