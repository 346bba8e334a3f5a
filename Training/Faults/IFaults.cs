namespace Bam.Training.Faults;

/// <summary>Faults that a test or a drill orders. Called from any thread.</summary>
public interface IFaults
{
    /// <summary>Lets happen what is ordered for this place: the call may throw, block or never return.</summary>
    /// <param name="point">The place.</param>
    /// <param name="member">Seed model, branch or mixture.</param>
    /// <param name="step">Steps done.</param>
    void At(FaultPoint point, string member, long step);

    /// <summary>Whether the loss of the step after <paramref name="step"/> steps is to become NaN.</summary>
    bool Poisons(string member, long step);
}
