using Bam.Contracts.Grains;
using Bam.Contracts.Status;
using Bam.Grains.Members;
using Bam.Grains.Telemetry;

namespace Bam.Grains.Runs;

/// <summary>What the coordinator writes into the event log and counts when a model's grain reports.</summary>
internal sealed partial class CoordinatorGrain
{
    /// <summary>Writes into the log what is new in a report.</summary>
    private void Tell(MemberRecord member, TrainingReport report)
    {
        var (before, now) = (member.Status, report.Status);
        if (member.MissedAt is null && before.Attempt > 0 && (IsMissing(now) && !IsMissing(before) || now.Restarts > before.Restarts))
            (member.MissedAt, member.MissedAttempt) = (time.GetUtcNow(), before.Attempt);
        TellLosses(member, before, report);
        if (now.Error is { } error && error != TrainingGrain.Died && now.State != MemberState.Failed && (error != before.Error || now.Restarts > before.Restarts))
            _events.Add(error == report.SaveProblem ? RunEventKind.SaveFailed : RunEventKind.TrainingFailed, now.Name, error, now.Step, now.Attempt);
        TellStarts(member, report);
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

    /// <summary>
    /// Tells and counts each attempt: those that have begun to train, with the step that they went on from, and those that have ended before.
    /// </summary>
    private void TellStarts(MemberRecord member, TrainingReport report)
    {
        var now = report.Status;
        if (now.Attempt == 1 && member.AttemptTold == 0 && Trains(now))
        {
            member.AttemptTold = 1;
            _events.Add(RunEventKind.Started, now.Name, now.Device is { } device ? $"on {device}" : "done at once", report.ResumedFrom, 1);
        }

        foreach (var start in report.Starts.Where(start => start.Attempt > member.AttemptTold))
        {
            var goesOn = start.Attempt == now.Attempt && now.State is (MemberState.Preparing or MemberState.Training or MemberState.Evaluating);
            if (goesOn && start.From is null)
                return;   // it is not known yet where it goes on from
            member.AttemptTold = start.Attempt;
            var where = start.From is not { } from ? "and ended before it trained"
                : goesOn && now.Device is { } device ? $"on {device} from step {from}" : $"from step {from}";
            _events.Add(RunEventKind.Resumed, now.Name, $"{where}: {start.Why}", start.From, start.Attempt);
            if (start.Reason != RestartReason.Reevaluated)
                member.CountRestarts(MetricLabels.Of(start.Reason), 1);
            member.StepsLost += start.LostSteps;
        }
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
        _counts.Add(() =>
        {
            metrics.Recovery.Record(seconds, MetricLabels.Of(Spec.Name, now.Name, now.Kind));
            TrainingTraces.Recovery(Spec.Name, now.Name, now.Attempt, missed, TimeSpan.FromSeconds(seconds));
        });
    }

    private static bool IsMissing(MemberStatus status) => status.State == MemberState.Recovering;

    private static bool Trains(MemberStatus status) => status.State is MemberState.Training or MemberState.Evaluating or MemberState.Completed;
}
