using System.Runtime.InteropServices;
using Bam.Training.Native;
using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>
/// A CUDA graph of what a step enqueues, by libtorch's own class, which keeps for it the memory that torch hands out on the way. libtorch offers
/// that class to C++ alone, where an error ends the process; so the driver records the step first, on trial, and tells of an error as a number.
/// </summary>
internal sealed unsafe class CudaGraph : IRecordedStep
{
    private const int Relaxed = 2;                                             // what other threads do meanwhile does not matter
    private const uint NonBlocking = 1;                                        // the default stream does not wait for the stream that records
    private const int MostBytes = 1 << 12;                                     // of the C++ object, some hundred in libtorch 2.11

    private static readonly Lazy<Entries?> Found = new(Find);

    // A stream a device, for good: what torch handed out for one trial serves the next one.
    private static readonly Dictionary<int, nint> Streams = [];

    private readonly Entries _entries;
    private void* _graph;

    private CudaGraph(Entries entries)
    {
        _entries = entries;
        _graph = NativeMemory.AllocZeroed(MostBytes);
        entries.Construct(_graph, 0);
    }

    /// <summary>Whether this libtorch has the class in the shape that is known here.</summary>
    public static bool IsThere => Found.Value is not null;

    /// <summary>Records what an action enqueues on the calling thread, without running it.</summary>
    /// <returns>Null where something of it cannot be recorded.</returns>
    public static CudaGraph? Record(int device, Action enqueue)
    {
        if (Found.Value is not { } entries)
            return null;
        lock (Streams)
        {
            if (!Streams.TryGetValue(device, out var stream))
            {
                CudaCalls.Check(CudaCalls.CreateStream(out stream, NonBlocking), "stream");
                Streams[device] = stream;
            }

            CudaStream.Use(stream, device, entries.SetStream);
            try
            {
                return IsRecordable(stream, enqueue) ? Record(entries, enqueue) : null;
            }
            finally
            {
                CudaStream.Use(0, device, entries.SetStream);
            }
        }
    }

    public void Run() => _entries.Replay(_graph);

    public void Dispose()
    {
        if (_graph is null)
            return;
        _entries.Destruct(_graph);
        NativeMemory.Free(_graph);
        _graph = null;
    }

    private static CudaGraph Record(Entries entries, Action enqueue)
    {
        // Should this fail after all, the recording is left open: to end a broken one would end the process.
        var graph = new CudaGraph(entries);
        entries.Begin(graph._graph, 0, 0, Relaxed);
        Enqueue(enqueue);
        entries.End(graph._graph);
        return graph;
    }

    private static bool IsRecordable(nint stream, Action enqueue)
    {
        CudaCalls.Check(CudaCalls.BeginCapture(stream, Relaxed), "record");
        var isWhole = true;
        try
        {
            Enqueue(enqueue);
        }
        catch (Exception e) when (e is InvalidOperationException or TorchRefusalException or ExternalException)
        {
            isWhole = false;
        }

        var isEnded = CudaCalls.EndCapture(stream, out var trial) == 0;
        if (isEnded)
            _ = CudaCalls.DestroyGraph(trial);
        return isWhole && isEnded;
    }

    private static void Enqueue(Action enqueue)
    {
        using var scope = NewDisposeScope();
        enqueue();
    }

    private static Entries? Find()
    {
        if (!NativeLibrary.TryLoad(Path.Combine(TorchLibrary.Load().Folder, "libtorch_cuda.so"), out var library))
            return null;
        string[] names =
        [
            "torch_set_current_cuda_stream", "_ZN2at4cuda9CUDAGraphC1Eb", "_ZN2at4cuda9CUDAGraphD1Ev",
            "_ZN2at4cuda9CUDAGraph13capture_beginESt4pairIyyE21cudaStreamCaptureMode", "_ZN2at4cuda9CUDAGraph11capture_endEv",
            "_ZN2at4cuda9CUDAGraph6replayEv",
        ];
        var places = new nint[names.Length];
        for (var i = 0; i < names.Length; i++)
        {
            if (!NativeLibrary.TryGetExport(library, names[i], out places[i]))
                return null;
        }

        return new Entries(
            (delegate* unmanaged<nint, int, int>)places[0], (delegate* unmanaged<void*, byte, void>)places[1], (delegate* unmanaged<void*, void>)places[2],
            (delegate* unmanaged<void*, ulong, ulong, int, void>)places[3], (delegate* unmanaged<void*, void>)places[4],
            (delegate* unmanaged<void*, void>)places[5]);
    }

    private sealed class Entries(
        delegate* unmanaged<nint, int, int> setStream, delegate* unmanaged<void*, byte, void> construct, delegate* unmanaged<void*, void> destruct,
        delegate* unmanaged<void*, ulong, ulong, int, void> begin, delegate* unmanaged<void*, void> end, delegate* unmanaged<void*, void> replay)
    {
        public readonly delegate* unmanaged<nint, int, int> SetStream = setStream;
        public readonly delegate* unmanaged<void*, byte, void> Construct = construct;          // keep the graph beside its executable form
        public readonly delegate* unmanaged<void*, void> Destruct = destruct;
        public readonly delegate* unmanaged<void*, ulong, ulong, int, void> Begin = begin;     // id of a pool of memory, in two halves; mode
        public readonly delegate* unmanaged<void*, void> End = end;
        public readonly delegate* unmanaged<void*, void> Replay = replay;
    }
}
