using System.Diagnostics;

namespace Bam.Training.Kernels;

/// <summary>Time on the CPU, where an operation is done when its call returns.</summary>
internal sealed class HostClock : IStepClock
{
    private readonly Stopwatch _watch = new();

    public void Start() => _watch.Restart();

    public void Stop() => _watch.Stop();

    public double Read() => _watch.Elapsed.TotalMilliseconds;

    public void Dispose()
    {
    }
}
