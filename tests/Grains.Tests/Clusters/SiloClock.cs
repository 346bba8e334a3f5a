namespace Bam.Grains.Tests.Clusters;

/// <summary>
/// A silo's clock, and its life: a training asks the clock before each step, so a silo that was killed ends there without saving, as
/// after kill -9, although its thread lives in the test's process.
/// </summary>
internal sealed class SiloClock(string silo, Pace pace) : TimeProvider
{
    private volatile bool _isDead;
    private TimeSpan _passed, _jumped;

    public bool IsDead => _isDead;

    public void Die() => _isDead = true;

    /// <summary>Lets time pass, but for the timers.</summary>
    public void Advance(TimeSpan by) => _passed += by;

    /// <summary>Sets the wall clock, forward or back, without any time that passes.</summary>
    public void Jump(TimeSpan by) => _jumped += by;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _passed + _jumped;

    public override long GetTimestamp()
    {
        if (Thread.CurrentThread.Name == "bam-cpu")
        {
            pace.Wait(silo, () => _isDead);
            if (_isDead)
                throw new InvalidOperationException("killed by the test");
        }

        return base.GetTimestamp() + (long)(_passed.TotalSeconds * TimestampFrequency);
    }
}
