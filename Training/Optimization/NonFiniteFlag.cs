using Bam.Training.Model;
using static TorchSharp.torch;

namespace Bam.Training.Optimization;

/// <summary>
/// Whether a count on the device is above zero, told without waiting: each step asks for a copy into pinned memory, and whoever looks sees
/// the newest copy that has come. On the CPU that is the count itself.
/// </summary>
internal sealed class NonFiniteFlag : IDisposable
{
    private readonly Tensor _count, _copy;

    /// <param name="count">A float32 scalar; not owned.</param>
    public NonFiniteFlag(Tensor count)
    {
        _count = count;
        _copy = HostMemory.Zeros([], count.device).DetachFromDisposeScope();
    }

    public bool IsSeen => _copy.data<float>()[0] > 0;

    /// <summary>Asks for a copy of the count as it is after what was enqueued before.</summary>
    public void Ask() => _copy.copy_(_count, nonBlocking: true);

    /// <summary>Takes the flag down; waits for the device, so that no copy comes late.</summary>
    public void Clear() => _copy.copy_(_count);

    public void Dispose() => _copy.Dispose();
}
