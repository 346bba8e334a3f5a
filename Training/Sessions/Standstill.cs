namespace Bam.Training.Sessions;

/// <summary>What a training does when it makes no step.</summary>
public enum Standstill
{
    /// <summary>Reads data, weights and optimizer before its first step.</summary>
    Preparing,

    /// <summary>Copies its state for a checkpoint, or waits for one to be published.</summary>
    Saving,

    /// <summary>Measures perplexities.</summary>
    Evaluating,
}
