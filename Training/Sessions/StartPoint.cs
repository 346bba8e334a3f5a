using Bam.Training.Checkpoints;

namespace Bam.Training.Sessions;

/// <summary>A checkpoint to go on from.</summary>
/// <param name="Checkpoint">The member's own, or the model that it begins as.</param>
/// <param name="Resumes">Whether steps and moments go on too, not only the weights.</param>
internal sealed record StartPoint(Checkpoint Checkpoint, bool Resumes);
