using Bam.Training.Checkpoints;

namespace Bam.Training.Sessions;

/// <summary>
/// When a training saves: after every so many steps; later, when the save before is still being written then; again after one that failed,
/// with a pause that doubles from one second to half a minute. The writing thread tells how a save ended.
/// </summary>
/// <param name="every">Steps between two saves.</param>
/// <param name="durable">Step of the checkpoint that the training goes on from; -1 for none.</param>
/// <param name="time">Clock of the pauses.</param>
internal sealed class SaveSchedule(int every, long durable, TimeProvider time)
{
    private const int LongestPauseSeconds = 30;

    private readonly Lock _gate = new();
    private long _durable = durable, _tried = Math.Max(durable, 0), _failedAt;
    private int _failures;

    /// <summary>Step of the newest checkpoint; -1 for none.</summary>
    public long Durable
    {
        get
        {
            lock (_gate)
                return _durable;
        }
    }

    /// <summary>Whether no pause after a failed save lasts.</summary>
    public bool MayTry
    {
        get
        {
            lock (_gate)
                return _failures == 0 || time.GetElapsedTime(_failedAt).TotalSeconds >= Math.Min(LongestPauseSeconds, 1 << Math.Min(_failures - 1, 10));
        }
    }

    /// <summary>Whether a training that has done <paramref name="step"/> steps is to save.</summary>
    public bool IsDue(long step)
    {
        lock (_gate)
            return MayTry && (step / every > _tried / every || (_failures > 0 && step > _durable));
    }

    /// <summary>The state after so many steps is being saved.</summary>
    public void Began(long step)
    {
        lock (_gate)
            _tried = step;
    }

    /// <summary>A save has ended.</summary>
    public void Ended(SaveOutcome outcome)
    {
        lock (_gate)
        {
            if (outcome.Checkpoint is { } checkpoint)
                (_durable, _failures) = (checkpoint.Manifest.Step, 0);
            else
                (_failures, _failedAt) = (_failures + 1, time.GetTimestamp());
        }
    }

    /// <summary>The training goes on from an earlier checkpoint.</summary>
    /// <param name="step">Its step; -1 when it begins anew.</param>
    public void GoBack(long step)
    {
        lock (_gate)
            (_durable, _tried) = (step, Math.Max(step, 0));
    }
}
