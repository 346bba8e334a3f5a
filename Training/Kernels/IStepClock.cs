namespace Bam.Training.Kernels;

/// <summary>Time that a device takes for what is started and stopped.</summary>
internal interface IStepClock : IDisposable
{
    void Start();

    void Stop();

    /// <summary>Milliseconds between start and stop; waits for the latter.</summary>
    double Read();
}
