using System.Collections.Concurrent;

namespace Bam.Grains.Tests.Clusters;

/// <summary>Holds the trainings of a cluster before a step, so that a test can do something at a known moment.</summary>
internal sealed class Pace
{
    private readonly ConcurrentDictionary<string, bool> _held = new();
    private readonly Dictionary<string, int> _admitted = [];
    private Func<string, bool>? _holds;
    private int _steps;

    /// <summary>Whether a silo's training stands still.</summary>
    public bool IsHeld(string silo) => _held.ContainsKey(silo);

    /// <summary>Holds every training two steps after something has become true.</summary>
    public void HoldAfter(Func<bool> happened) => Set(_ => happened(), steps: 2);

    /// <summary>Holds the trainings on some silos at once.</summary>
    public void HoldOn(Func<string, bool> silo) => Set(silo, steps: 0);

    public void Release() => Set(null, steps: 0);

    /// <summary>Lets a silo's training do one more step.</summary>
    public void Admit(string silo)
    {
        lock (_admitted)
        {
            _admitted[silo] = 1;
            _held.TryRemove(silo, out _);
        }
    }

    /// <summary>Called by the device threads before each step.</summary>
    public void Wait(string silo, Func<bool> isDead)
    {
        while (!isDead() && !MayGo(silo))
            Thread.Sleep(5);
        _held.TryRemove(silo, out _);
    }

    private bool MayGo(string silo)
    {
        lock (_admitted)
        {
            if (_holds?.Invoke(silo) != true)
                return true;
            var left = _admitted.GetValueOrDefault(silo, _steps);
            _admitted[silo] = Math.Max(0, left - 1);
            if (left == 0)
                _held[silo] = true;
            return left > 0;
        }
    }

    private void Set(Func<string, bool>? holds, int steps)
    {
        lock (_admitted)
        {
            (_holds, _steps) = (holds, steps);
            _admitted.Clear();
            _held.Clear();
        }
    }
}
