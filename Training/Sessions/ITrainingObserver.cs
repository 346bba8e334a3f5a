using Bam.Training.Checkpoints;
using Bam.Training.Evaluation;
using Bam.Training.Mixing;
using Bam.Training.Optimization;

namespace Bam.Training.Sessions;

/// <summary>What a training tells while it goes on. Calls come from the training's threads and must return at once.</summary>
public interface ITrainingObserver
{
    /// <summary>Whether to end after the step in flight. Asked before every step; may hold the training back.</summary>
    bool ShouldStop();

    /// <summary>The model is ready: how it was found and from which step it goes on.</summary>
    void Prepared(PreparedTraining prepared);

    /// <summary>A mixture was measured before its first step.</summary>
    void Opened(MixOpening opening);

    /// <summary>A step is done.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="duration">Wall time of the step.</param>
    /// <param name="dataWait">Part of it that waited for data.</param>
    void Stepped(long step, TimeSpan duration, TimeSpan dataWait);

    /// <summary>Numbers were read back from the device.</summary>
    void Read(StepReading reading);

    /// <summary>The loss over the training so far, whenever it has changed.</summary>
    void Charted(TrainingHistory history)
    {
    }

    /// <summary>A batch is left out, and the training has gone back.</summary>
    void Skipped(SkippedBatch skipped);

    /// <summary>A save of this step begins: exactly one <see cref="Saved"/> is to follow.</summary>
    void Saving(long step);

    /// <summary>A save was published or failed.</summary>
    void Saved(SaveOutcome outcome);

    /// <summary>A domain was evaluated.</summary>
    /// <param name="step">Steps done by the evaluated weights.</param>
    /// <param name="final">Whether it is the finished model.</param>
    void Evaluated(string domain, PerplexityResult result, long step, bool final);

    /// <summary>Time went by without a step.</summary>
    void StoodStill(Standstill why, TimeSpan duration);

    /// <summary>Anything else that took time went on.</summary>
    void Pulse();
}
