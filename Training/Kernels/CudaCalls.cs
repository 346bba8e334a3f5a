using System.Runtime.InteropServices;

namespace Bam.Training.Kernels;

/// <summary>The few calls of CUDA's driver that launching needs.</summary>
internal static unsafe partial class CudaCalls
{
    public const int MajorVersion = 75, MinorVersion = 76, Multiprocessors = 16;

    // The libraries are found by the time that the first of them is called.
    static CudaCalls() => _ = CudaLibraries.Missing;

    /// <exception cref="InvalidOperationException">The driver refused.</exception>
    public static void Check(int result, string what)
    {
        if (result == 0)
            return;
        var name = ErrorName(result, out var text) == 0 ? Marshal.PtrToStringUTF8(text) : null;
        throw new InvalidOperationException($"CUDA: {what}: {name ?? result.ToString(System.Globalization.CultureInfo.InvariantCulture)}");
    }

    /// <summary>Makes a device the thread's own, for torch too.</summary>
    public static void Use(int device)
    {
        Check(Init(0), "init");
        Check(RetainContext(out var context, device), $"device {device}");
        Check(SetContext(context), $"device {device}");
    }

    public static int Attribute(int attribute, int device)
    {
        Check(DeviceAttribute(out var value, attribute, device), "device attribute");
        return value;
    }

    [LibraryImport(CudaLibraries.Driver, EntryPoint = "cuInit")]
    private static partial int Init(uint flags);

    [LibraryImport(CudaLibraries.Driver, EntryPoint = "cuDevicePrimaryCtxRetain")]
    private static partial int RetainContext(out nint context, int device);

    [LibraryImport(CudaLibraries.Driver, EntryPoint = "cuCtxSetCurrent")]
    private static partial int SetContext(nint context);

    [LibraryImport(CudaLibraries.Driver, EntryPoint = "cuDeviceGetAttribute")]
    private static partial int DeviceAttribute(out int value, int attribute, int device);

    [LibraryImport(CudaLibraries.Driver, EntryPoint = "cuGetErrorName")]
    private static partial int ErrorName(int error, out nint text);

    [LibraryImport(CudaLibraries.Driver, EntryPoint = "cuModuleLoadData")]
    public static partial int LoadModule(out nint module, byte* image);

    [LibraryImport(CudaLibraries.Driver, EntryPoint = "cuModuleGetFunction", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int GetFunction(out nint function, nint module, string name);

    [LibraryImport(CudaLibraries.Driver, EntryPoint = "cuLaunchKernel")]
    public static partial int Launch(
        nint function, uint gridX, uint gridY, uint gridZ, uint blockX, uint blockY, uint blockZ, uint shared, nint stream, void** arguments, void** extra);

    [LibraryImport(CudaLibraries.Driver, EntryPoint = "cuStreamCreate")]
    public static partial int CreateStream(out nint stream, uint flags);

    [LibraryImport(CudaLibraries.Driver, EntryPoint = "cuStreamBeginCapture_v2")]
    public static partial int BeginCapture(nint stream, int mode);

    [LibraryImport(CudaLibraries.Driver, EntryPoint = "cuStreamEndCapture")]
    public static partial int EndCapture(nint stream, out nint graph);

    [LibraryImport(CudaLibraries.Driver, EntryPoint = "cuStreamIsCapturing")]
    public static partial int StreamState(nint stream, out int state);

    [LibraryImport(CudaLibraries.Driver, EntryPoint = "cuGraphDestroy")]
    public static partial int DestroyGraph(nint graph);

    [LibraryImport(CudaLibraries.Driver, EntryPoint = "cuMemHostAlloc")]
    public static partial int AllocatePinned(out nint address, nuint bytes, uint flags);

    [LibraryImport(CudaLibraries.Driver, EntryPoint = "cuMemFreeHost")]
    public static partial int FreePinned(nint address);

    [LibraryImport(CudaLibraries.Driver, EntryPoint = "cuMemcpyHtoDAsync_v2")]
    public static partial int CopyToDevice(nint device, nint host, nuint bytes, nint stream);

    [LibraryImport(CudaLibraries.Driver, EntryPoint = "cuEventCreate")]
    public static partial int CreateEvent(out nint handle, uint flags);

    [LibraryImport(CudaLibraries.Driver, EntryPoint = "cuEventRecord")]
    public static partial int RecordEvent(nint handle, nint stream);

    [LibraryImport(CudaLibraries.Driver, EntryPoint = "cuEventSynchronize")]
    public static partial int WaitForEvent(nint handle);

    [LibraryImport(CudaLibraries.Driver, EntryPoint = "cuEventElapsedTime")]
    public static partial int ElapsedTime(out float milliseconds, nint start, nint end);

    [LibraryImport(CudaLibraries.Driver, EntryPoint = "cuEventDestroy_v2")]
    public static partial int DestroyEvent(nint handle);
}
