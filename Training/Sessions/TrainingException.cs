namespace Bam.Training.Sessions;

/// <summary>An attempt failed for a reason that is said in one line.</summary>
public sealed class TrainingException(string message, bool isFinal) : Exception(message)
{
    /// <summary>Whether another attempt would fail in the same way.</summary>
    public bool IsFinal { get; } = isFinal;
}
