namespace Bam.Training.Kernels;

/// <summary>Time on the device, by two events on torch's stream.</summary>
internal sealed class CudaClock : IStepClock
{
    private readonly nint _start, _end;

    public CudaClock()
    {
        CudaCalls.Check(CudaCalls.CreateEvent(out _start, 0), "event");
        CudaCalls.Check(CudaCalls.CreateEvent(out _end, 0), "event");
    }

    /// <summary>Milliseconds that the work which <paramref name="enqueue"/> enqueues takes; waits for it.</summary>
    public double Time(Action enqueue)
    {
        Start();
        enqueue();
        Stop();
        return Read();
    }

    public void Start() => CudaCalls.Check(CudaCalls.RecordEvent(_start, 0), "event");

    public void Stop() => CudaCalls.Check(CudaCalls.RecordEvent(_end, 0), "event");

    public double Read()
    {
        CudaCalls.Check(CudaCalls.WaitForEvent(_end), "wait");
        CudaCalls.Check(CudaCalls.ElapsedTime(out var time, _start, _end), "time");
        return time;
    }

    public void Dispose()
    {
        _ = CudaCalls.DestroyEvent(_start);
        _ = CudaCalls.DestroyEvent(_end);
    }
}
