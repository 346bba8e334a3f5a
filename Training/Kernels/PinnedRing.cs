namespace Bam.Training.Kernels;

/// <summary>
/// Pinned memory through which numbers go to the device while it works on older ones. A slot is written again when its copy is done, so the
/// host runs ahead of the device by as many copies as there are slots, and no further.
/// </summary>
internal sealed unsafe class PinnedRing : IDisposable
{
    private readonly (nint Memory, int Bytes, nint Copied)[] _slots = new (nint, int, nint)[8];
    private int _next;

    public void Upload(ReadOnlySpan<byte> bytes, nint device)
    {
        ref var slot = ref _slots[_next++ % _slots.Length];
        if (slot.Copied == 0)
            CudaDriver.Check(CudaDriver.CreateEvent(out slot.Copied, 0), "event");
        else
            CudaDriver.Check(CudaDriver.WaitForEvent(slot.Copied), "wait for a copy");
        if (slot.Bytes < bytes.Length)
        {
            if (slot.Memory != 0)
                CudaDriver.Check(CudaDriver.FreePinned(slot.Memory), "pinned memory");
            CudaDriver.Check(CudaDriver.AllocatePinned(out slot.Memory, (nuint)bytes.Length, 0), "pinned memory");
            slot.Bytes = bytes.Length;
        }

        bytes.CopyTo(new Span<byte>((void*)slot.Memory, bytes.Length));
        CudaDriver.Check(CudaDriver.CopyToDevice(device, slot.Memory, (nuint)bytes.Length, 0), "copy");
        CudaDriver.Check(CudaDriver.RecordEvent(slot.Copied, 0), "event");
    }

    public void Dispose()
    {
        foreach (var slot in _slots.Where(slot => slot.Copied != 0))
        {
            _ = CudaDriver.WaitForEvent(slot.Copied);
            _ = CudaDriver.DestroyEvent(slot.Copied);
            _ = CudaDriver.FreePinned(slot.Memory);
        }
    }
}
