namespace Bam.Training.Kernels;

/// <summary>Time on the device, by two events on torch's stream.</summary>
internal sealed class CudaClock : IDisposable
{
    private readonly nint _start, _end;

    public CudaClock()
    {
        CudaDriver.Check(CudaDriver.CreateEvent(out _start, 0), "event");
        CudaDriver.Check(CudaDriver.CreateEvent(out _end, 0), "event");
    }

    /// <summary>Milliseconds that the work which <paramref name="enqueue"/> enqueues takes; waits for it.</summary>
    public double Time(Action enqueue)
    {
        Start();
        enqueue();
        Stop();
        return Read();
    }

    public void Start() => CudaDriver.Check(CudaDriver.RecordEvent(_start, 0), "event");

    public void Stop() => CudaDriver.Check(CudaDriver.RecordEvent(_end, 0), "event");

    /// <summary>Milliseconds between start and stop; waits for the latter.</summary>
    public double Read()
    {
        CudaDriver.Check(CudaDriver.WaitForEvent(_end), "wait");
        CudaDriver.Check(CudaDriver.ElapsedTime(out var time, _start, _end), "time");
        return time;
    }

    public void Dispose()
    {
        _ = CudaDriver.DestroyEvent(_start);
        _ = CudaDriver.DestroyEvent(_end);
    }
}
