namespace Bam.Training.Faults;

/// <summary>Nothing is ordered.</summary>
public sealed class NoFaults : IFaults
{
    private NoFaults()
    {
    }

    public static NoFaults Instance { get; } = new();

    public void At(FaultPoint point, string member, long step)
    {
    }

    public bool Poisons(string member, long step) => false;
}
