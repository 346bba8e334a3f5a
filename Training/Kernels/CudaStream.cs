namespace Bam.Training.Kernels;

/// <summary>The stream that the calling thread enqueues on, torch's operations and ours alike: the default one, but while a step is recorded.</summary>
internal static unsafe class CudaStream
{
    [ThreadStatic]
    private static nint _current;

    public static nint Current => _current;

    /// <param name="stream">A stream of the driver's; 0 for the default one.</param>
    /// <param name="device">Its device.</param>
    /// <param name="tellTorch">libtorch's function for it.</param>
    /// <returns>Whether torch took it.</returns>
    public static bool TryUse(nint stream, int device, delegate* unmanaged<nint, int, int> tellTorch)
    {
        if (tellTorch(stream, device) != 0)
            return false;
        _current = stream;
        return true;
    }
}
