using System.Runtime.InteropServices;
using Bam.Training.Native;
using static TorchSharp.torch;

namespace Bam.Training.Kernels;

/// <summary>
/// A CUDA graph of what a step enqueues, by libtorch's own class, which keeps for it the memory that torch hands out on the way. libtorch offers
/// that class to C++ alone, where an error ends the process; so the driver records the step first, on trial, and tells of an error as a number.
/// What a trial cannot foresee, a device that refuses to make the graph ready or to run it, does end the process, as any lost device would.
/// </summary>
internal sealed unsafe class CudaGraph : IRecordedStep
{
    private const int Relaxed = 2;                                             // what other threads do meanwhile does not matter
    private const int Recording = 1;                                           // state of a stream
    private const uint NonBlocking = 1;                                        // the default stream does not wait for the stream that records
    private const int MostBytes = 1 << 12;                                     // of the C++ object, some hundred in libtorch 2.11

    private static readonly Lazy<Entries?> Found = new(Find);

    // A stream a device, for good: what torch handed out for one trial serves the next one.
    private static readonly Dictionary<int, nint> Streams = [];

    private static bool _isBroken;                                             // a recording stays open; under the lock of the streams

    private readonly Entries _entries;
    private void* _graph;

    private CudaGraph(Entries entries)
    {
        _entries = entries;
        _graph = NativeMemory.AllocZeroed(MostBytes);
        entries.Construct(_graph, 0);
    }

    /// <summary>Records what an action enqueues on the calling thread, without running it.</summary>
    /// <returns>Null where something of it cannot be recorded, or libtorch has not the class in the shape that is known here.</returns>
    public static CudaGraph? Record(int device, Action enqueue)
    {
        if (Found.Value is not { } entries)
            return null;
        lock (Streams)
        {
            if (_isBroken || !TryStream(device, out var stream) || !CudaStream.TryUse(stream, device, entries.SetStream))
                return null;
            try
            {
                return IsRecordable(stream, enqueue) ? Record(entries, stream, enqueue) : null;
            }
            finally
            {
                _ = CudaStream.TryUse(0, device, entries.SetStream);
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

    private static CudaGraph? Record(Entries entries, nint stream, Action enqueue)
    {
        var graph = new CudaGraph(entries);
        entries.Begin(graph._graph, 0, 0, Relaxed);
        var isWhole = TryEnqueue(enqueue);
        if (CudaCalls.StreamState(stream, out var state) != 0 || state != Recording)
        {
            _isBroken = true;                                                  // to end this one would end the process: it stays open, and none is begun after it
            return null;
        }

        entries.End(graph._graph);
        if (isWhole)
            return graph;
        graph.Dispose();
        return null;
    }

    private static bool IsRecordable(nint stream, Action enqueue)
    {
        if (CudaCalls.BeginCapture(stream, Relaxed) != 0)
            return false;
        var isWhole = TryEnqueue(enqueue);
        var isEnded = CudaCalls.EndCapture(stream, out var trial) == 0;
        if (isEnded)
            _ = CudaCalls.DestroyGraph(trial);
        return isWhole && isEnded;
    }

    /// <summary>Whether an action could be enqueued; where not, the step is enqueued as ever, and what is wrong with it comes to light there.</summary>
    private static bool TryEnqueue(Action enqueue)
    {
        using var scope = NewDisposeScope();
        try
        {
            enqueue();
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }

    private static bool TryStream(int device, out nint stream)
    {
        if (Streams.TryGetValue(device, out stream))
            return true;
        if (CudaCalls.CreateStream(out stream, NonBlocking) != 0)
            return false;
        Streams[device] = stream;
        return true;
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
