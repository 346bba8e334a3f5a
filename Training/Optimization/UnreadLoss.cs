namespace Bam.Training.Optimization;

/// <summary>The training loss since the last reading, as the device has added it up.</summary>
/// <param name="Steps">Steps that it covers.</param>
/// <param name="Sum">Sum of their losses in nats a token.</param>
public readonly record struct UnreadLoss(long Steps, float Sum);
