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
            CudaCalls.Check(CudaCalls.CreateEvent(out slot.Copied, 0), "event");
        else
            CudaCalls.Check(CudaCalls.WaitForEvent(slot.Copied), "wait for a copy");
        if (slot.Bytes < bytes.Length)
        {
            if (slot.Memory != 0)
                CudaCalls.Check(CudaCalls.FreePinned(slot.Memory), "pinned memory");
            CudaCalls.Check(CudaCalls.AllocatePinned(out slot.Memory, (nuint)bytes.Length, 0), "pinned memory");
            slot.Bytes = bytes.Length;
        }

        bytes.CopyTo(new Span<byte>((void*)slot.Memory, bytes.Length));
        CudaCalls.Check(CudaCalls.CopyToDevice(device, slot.Memory, (nuint)bytes.Length, 0), "copy");
        CudaCalls.Check(CudaCalls.RecordEvent(slot.Copied, 0), "event");
    }

    public void Dispose()
    {
        foreach (var slot in _slots.Where(slot => slot.Copied != 0))
        {
            _ = CudaCalls.WaitForEvent(slot.Copied);
            _ = CudaCalls.DestroyEvent(slot.Copied);
            _ = CudaCalls.FreePinned(slot.Memory);
        }
    }
}
