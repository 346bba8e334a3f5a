using Bam.Contracts.Grains;
using Bam.Contracts.Status;
using Bam.Grains.Members;

namespace Bam.Grains.Runs;

/// <summary>What the coordinator writes into the event log and counts when a model's grain reports.</summary>
internal sealed partial class CoordinatorGrain
{
    /// <summary>Writes into the log what is new in a report.</summary>
    private void Tell(MemberRecord member, TrainingReport report)
    {
        var (before, now) = (member.Status, report.Status);
        CountRestarts(member, before, now);
        TellLosses(member, before, report);
        if (now.Error is { } error && error != TrainingGrain.Died && now.State != MemberState.Failed && (error != before.Error || now.Restarts > before.Restarts))
            _events.Add(error == report.SaveProblem ? RunEventKind.SaveFailed : RunEventKind.TrainingFailed, now.Name, error, now.Step, now.Attempt);
        if (Trains(now) && now.Attempt > member.AttemptTold)
            TellStart(member, report);
        member.Reached = Math.Max(member.Reached, now.Step);
        if (member.MissedAt is { } missed && Trains(now))
            TellRecovery(member, missed, report);
        if (now.CheckpointStep > before.CheckpointStep)
            _events.Add(RunEventKind.CheckpointPublished, now.Name, $"step {now.CheckpointStep}, {now.CheckpointHash?[..12]}", now.CheckpointStep, now.Attempt);
        if (report.Opening is { } opening && !member.OpeningTold)
        {
            _events.Add(RunEventKind.Opened, now.Name, opening, 0, now.Attempt);
            member.OpeningTold = true;
        }

        if (now.State == MemberState.Completed)
        {
            var text = now.CheckpointHash is { } hash ? $"{now.Step} steps, {hash[..12]}" : "evaluated";
            _events.Add(RunEventKind.MemberCompleted, now.Name, text, now.Step, now.Attempt);
        }

        if (now.State == MemberState.Failed)
            _events.Add(RunEventKind.MemberFailed, now.Name, now.Error ?? "no reason given", now.Step, now.Attempt);
    }

    private void TellLosses(MemberRecord member, MemberStatus before, TrainingReport report)
    {
        if (report.Status.Attempt > before.Attempt)
            (member.DamagedTold, member.SkipsTold) = (0, 0);
        foreach (var damaged in report.DamagedCheckpoints.Skip(member.DamagedTold))
            _events.Add(RunEventKind.CheckpointDamaged, before.Name, damaged, attempt: report.Status.Attempt);
        member.DamagedTold = Math.Max(member.DamagedTold, report.DamagedCheckpoints.Count);
        foreach (var skipped in report.SkippedBatches.Skip(member.SkipsTold))
            _events.Add(RunEventKind.BatchSkipped, before.Name, skipped, attempt: report.Status.Attempt);
        member.SkipsTold = Math.Max(member.SkipsTold, report.SkippedBatches.Count);
    }

    /// <summary>Counts each attempt after the first that nobody asked for, whether it got to train or not.</summary>
    private void CountRestarts(MemberRecord member, MemberStatus before, MemberStatus now)
    {
        var asked = before.Attempt < member.Reevaluation && now.Attempt >= member.Reevaluation ? 1 : 0;
        var attempts = now.Attempt - Math.Max(1, before.Attempt) - asked;
        if (attempts <= 0)
            return;
        var unplanned = Math.Clamp(now.Restarts - member.RestartsCounted, 0, attempts);
        member.RestartsCounted += unplanned;
        var reason = now.Error == TrainingGrain.Died ? "lost" : "failed";
        _counts.Add(() =>
        {
            if (unplanned > 0)
                metrics.Restarts.Add(unplanned, [.. Tags(now.Name), new("reason", reason)]);
            if (attempts > unplanned)
                metrics.Restarts.Add(attempts - unplanned, [.. Tags(now.Name), new("reason", "moved")]);
        });
    }

    /// <summary>An attempt trains: from here on the step that it went on from is known.</summary>
    private void TellStart(MemberRecord member, TrainingReport report)
    {
        var (now, from) = (report.Status, report.ResumedFrom);
        var isFirst = member.AttemptTold == 0 && now.Attempt == 1;
        member.AttemptTold = now.Attempt;
        var where = now.Device is { } device ? $"on {device}" : "";
        if (isFirst)
        {
            _events.Add(RunEventKind.Started, now.Name, where.Length > 0 ? where : "done at once", from, now.Attempt);
            return;
        }

        var lost = Math.Max(0, member.Reached - from);
        member.Reached = from;
        var why = now.Attempt == member.Reevaluation ? "it is evaluated again" : now.Error ?? "it was stopped";
        _events.Add(RunEventKind.Resumed, now.Name, $"{where} from step {from}: {why}".Trim(), from, now.Attempt);
        if (lost > 0)
            _counts.Add(() => metrics.StepsLost.Add(lost, Tags(now.Name)));
    }

    private void TellRecovery(MemberRecord member, DateTimeOffset missed, TrainingReport report)
    {
        var now = report.Status;
        if (now.Attempt == member.MissedAttempt)
        {
            member.MissedAt = null;   // a false alarm: it was there all the time
            return;
        }

        if (now.State == MemberState.Training && now.Step <= report.ResumedFrom)
            return;
        member.MissedAt = null;
        var seconds = Math.Max(0, (time.GetUtcNow() - missed).TotalSeconds);
        _counts.Add(() => metrics.Recovery.Record(seconds, Tags(now.Name)));
    }

    private static bool Trains(MemberStatus status) => status.State is MemberState.Training or MemberState.Evaluating or MemberState.Completed;

    private KeyValuePair<string, object?>[] Tags(string member) => [new("run", Spec.Name), new("branch", member)];
}
