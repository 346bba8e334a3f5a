using Bam.Training.Native;

namespace Bam.Training.Profiling;

/// <summary>What a training step took.</summary>
public sealed record BenchResult
{
    /// <summary>Device and its peak; a CPU's is that of float32 products, measured.</summary>
    public required DeviceFacts Device { get; init; }

    /// <summary>CPU threads of torch.</summary>
    public required int Threads { get; init; }

    /// <summary><c>fused</c>: written out, with kernels of our own; <c>autograd</c>: torch's operations.</summary>
    public required string Path { get; init; }

    /// <summary>Whether steps were one launch by the end, a CUDA graph.</summary>
    public required bool IsRecorded { get; init; }

    /// <summary>Time of every timed step, the device waited for after each.</summary>
    public required IReadOnlyList<double> StepMilliseconds { get; init; }

    /// <summary>Median of them.</summary>
    public required double Milliseconds { get; init; }

    /// <summary>Median time until everything of a step was enqueued; on a CPU the step itself.</summary>
    public required double EnqueueMilliseconds { get; init; }

    public required double TokensPerSecond { get; init; }

    /// <summary>Model FLOPs a second: matrix products and causal attention.</summary>
    public required double FlopsPerSecond { get; init; }

    /// <summary>Part of the device's peak; null when that is unknown.</summary>
    public double? Mfu => Device.PeakFlops is { } peak ? FlopsPerSecond / peak : null;

    /// <summary>Most bytes that the steps took: on a GPU with what torch keeps for later and its libraries' workspaces, on a CPU resident.</summary>
    public required long PeakBytes { get; init; }

    /// <summary>Bytes in use before the first tensor, not counted above: the CUDA context and other processes; on a CPU this process.</summary>
    public required long ContextBytes { get; init; }

    /// <summary>Loss of the last step.</summary>
    public required double Loss { get; init; }

    /// <summary>Steps of the second pass.</summary>
    public required int ProfiledSteps { get; init; }

    /// <summary>Median step of the second pass.</summary>
    public required double ProfiledMilliseconds { get; init; }

    /// <summary>Times of its operations in one step, the longest first; what is between them stands there too.</summary>
    public required IReadOnlyList<OperationTime> Operations { get; init; }
}
