using Bam.Contracts.Status;
using Bam.Training.Checkpoints;
using Orleans.Runtime.Placement;

namespace Bam.Grains.Runs;

/// <summary>The loss of a model over its training: its session has the newest, else its newest checkpoint, wherever that was written.</summary>
internal sealed partial class CoordinatorGrain
{
    private static readonly TimeSpan HistoryLimit = TimeSpan.FromSeconds(2);

    public async Task<ModelHistory?> GetHistory(string member, CancellationToken cancellation)
    {
        if (Run.Spec is null)
            DeactivateOnIdle();
        if (Run.Spec is null || Run.Members.FirstOrDefault(known => known.Status.Name == member) is not { } model)
            return null;
        var history = await LiveHistory(model) ?? await StoredHistory(Spec.Name, member);
        var measured = history.Validation.Select(point => (point.Step, point.Domain)).ToHashSet();
        var final = model.Evaluations.Select(evaluation => new ValidationPoint(model.Status.Step, evaluation.Domain, evaluation.Nll));
        return model.Status.State != MemberState.Completed
            ? history
            : history with { Validation = [.. history.Validation, .. final.Where(point => !measured.Contains((point.Step, point.Domain)))] };
    }

    /// <summary>What a session has in memory; null when none answers soon.</summary>
    private async Task<ModelHistory?> LiveHistory(MemberRecord model)
    {
        if (model.HasEnded || model.Lease is not { } lease || model.Status.Device is null)
            return null;
        RequestContext.Set(IPlacementDirector.PlacementHintKey, lease.Silo);
        try
        {
            return await Grain(model).GetHistory(CancellationToken.None).WaitAsync(HistoryLimit, time);
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or OperationCanceledException)
        {
            return null;   // its silo may be gone; the checkpoint is not
        }
        finally
        {
            RequestContext.Remove(IPlacementDirector.PlacementHintKey);
        }
    }

    private Task<ModelHistory> StoredHistory(string run, string member) => Task.Run(() =>
    {
        var stored = new MemberStore(options.FolderOf(run, member)).NewestHistory() ?? new TrainingHistory();
        return new ModelHistory { Name = member, Training = stored.Training, Validation = stored.Validation };
    });
}
