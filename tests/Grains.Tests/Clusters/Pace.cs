using System.Collections.Concurrent;

namespace Bam.Grains.Tests.Clusters;

/// <summary>Holds the trainings of a cluster before a step, so that a test can do something at a known moment.</summary>
internal sealed class Pace
{
    private volatile Hold? _hold;
    private int _held;

    /// <summary>Trainings that stand still now.</summary>
    public int Held => Volatile.Read(ref _held);

    /// <summary>Holds every training two steps after something has become true.</summary>
    public void HoldAfter(Func<bool> happened) => _hold = new Hold(_ => happened(), Steps: 2);

    /// <summary>Holds the trainings on some silos at once.</summary>
    public void HoldOn(Func<string, bool> silo) => _hold = new Hold(silo, Steps: 0);

    public void Release() => _hold = null;

    /// <summary>Called by the device threads before each step.</summary>
    public void Wait(string silo, Func<bool> isDead)
    {
        if (_hold?.Holds(silo) != true)
            return;
        Interlocked.Increment(ref _held);
        while (_hold?.Holds(silo) == true && !isDead())
            Thread.Sleep(5);
        Interlocked.Decrement(ref _held);
    }

    private sealed record Hold(Func<string, bool> Begun, int Steps)
    {
        private readonly ConcurrentDictionary<string, int> _seen = new();

        public bool Holds(string silo) => Begun(silo) && _seen.AddOrUpdate(silo, 1, (_, steps) => steps + 1) > Steps;
    }
}
