using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Bam.Training.Profiling;

/// <summary>
/// Times every operator that libtorch runs for this thread, backward passes that it starts included, with the callbacks that its own profiler
/// uses: of nested ones each has its own time alone. On a GPU every operator is waited for, so that its time is its own; steps are slower then. One at a time.
/// </summary>
internal sealed unsafe partial class OperationRecorder : IDisposable
{
    private const string Torch = "libtorch_cpu.so", BackwardNode = "autograd::engine::evaluate_function";

    private static OperationRecorder? _current;

    private readonly bool _waits;
    private readonly ulong _handle;
    private readonly Lock _gate = new();
    private readonly Dictionary<(StepPhase, string Group, string Name), (long Ticks, int Calls)> _times = [];
    [ThreadStatic] private static Stack<Running>? _running;

    private bool _backward, _backwardBegan, _ropeNext;

    /// <param name="waits">Whether to wait for the device after every operator.</param>
    public OperationRecorder(bool waits)
    {
        _waits = waits;
        if (Interlocked.CompareExchange(ref _current, this, null) is not null)
            throw new InvalidOperationException("operations are being recorded already");
        var callback = new Callback { Start = &Start, End = &End, Probability = 1 };
        callback.Scopes[0] = callback.Scopes[1] = 1;                            // operators, and nodes of the backward pass
        _handle = Add(callback);
    }

    /// <summary>Tells that the next operators belong to a new step.</summary>
    public void BeginStep() => _backward = _backwardBegan = _ropeNext = false;

    /// <summary>Time and calls of a step, the longest first.</summary>
    /// <param name="steps">Steps that were recorded.</param>
    public IReadOnlyList<OperationTime> Read(int steps)
    {
        lock (_gate)
        {
            return
            [
                .. _times.Select(row => new OperationTime(
                        row.Key.Item1, row.Key.Group, row.Key.Name, row.Value.Ticks * 1e3 / Stopwatch.Frequency / steps, (double)row.Value.Calls / steps))
                    .OrderByDescending(row => row.Milliseconds),
            ];
        }
    }

    public void Dispose()
    {
        Remove(_handle);
        _current = null;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint Start(nint context, nint function)
    {
        // The context, a std::unique_ptr, is returned in memory that the caller gives: none.
        *(nint*)context = 0;
        _current?.Begin(Name(function));
        return context;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void End(nint function, nint context) => _current?.End();

    private void Begin(nint name)
    {
        var now = Now();
        var running = _running ??= new Stack<Running>();
        var text = Marshal.PtrToStringUTF8(name) ?? "";
        if (text.StartsWith(BackwardNode, StringComparison.Ordinal))
            _backward = _backwardBegan = true;
        if (running.TryPeek(out var outer))
            outer.Own += now - outer.Since;
        running.Push(new Running(text, Phase(), Group(text, outer)) { Since = Now() });
    }

    private void End()
    {
        var now = Now();
        if (_running is not { Count: > 0 } running)
            return;
        var one = running.Pop();
        lock (_gate)
        {
            ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_times, (one.Phase, one.Group, one.Name), out _);
            sum = (sum.Ticks + one.Own + now - one.Since, sum.Calls + 1);
        }

        if (running.TryPeek(out var outer))
            outer.Since = Now();
        else if (one.Name.StartsWith(BackwardNode, StringComparison.Ordinal))
            _backward = false;
    }

    private StepPhase Phase() => _backward ? StepPhase.Backward : _backwardBegan ? StepPhase.Optimizer : StepPhase.Forward;

    /// <summary>An operator that only serves another belongs to that one's group; products beside complex views turn pairs.</summary>
    private string Group(string name, Running? outer)
    {
        if (Phase() == StepPhase.Optimizer)
            return OperationGroup.Optimizer;
        var own = OperationGroup.Of(name);
        if (own == OperationGroup.Rope)
            _ropeNext = true;
        else if (_ropeNext && outer is null && name.Contains("mul", StringComparison.OrdinalIgnoreCase) && own == OperationGroup.SwiGlu)
            (_ropeNext, own) = (false, OperationGroup.Rope);
        return outer is null || outer.Group == OperationGroup.Other || own == OperationGroup.Matmul ? own : outer.Group;
    }

    private long Now()
    {
        if (_waits)
            cuda.synchronize();
        return Stopwatch.GetTimestamp();
    }

    private sealed record Running(string Name, StepPhase Phase, string Group)
    {
        public long Since { get; set; }

        public long Own { get; set; }
    }

    /// <summary>at::RecordFunctionCallback, passed by value.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Callback
    {
        public delegate* unmanaged[Cdecl]<nint, nint, nint> Start;
        public delegate* unmanaged[Cdecl]<nint, nint, void> End;
        public double Probability;
        public fixed byte Scopes[16];                                          // ten scopes, then three needs
    }

    [LibraryImport(Torch, EntryPoint = "_ZN2at22addThreadLocalCallbackENS_22RecordFunctionCallbackE")]
    private static partial ulong Add(Callback callback);

    [LibraryImport(Torch, EntryPoint = "_ZN2at14removeCallbackEm")]
    private static partial void Remove(ulong handle);

    [LibraryImport(Torch, EntryPoint = "_ZNK2at14RecordFunction4nameEv")]
    private static partial nint Name(nint function);
}
