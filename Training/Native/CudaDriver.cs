using System.Runtime.InteropServices;

namespace Bam.Training.Native;

/// <summary>What TorchSharp does not tell of a GPU, from the driver's own library; devices are numbered as torch numbers them.</summary>
internal static partial class CudaDriver
{
    private const string Library = "libcuda.so.1";

    /// <returns>Name and memory in bytes of a device; null without a driver or such a device.</returns>
    public static (string Name, long Memory)? Describe(int ordinal)
    {
        try
        {
            Span<byte> name = stackalloc byte[256];
            if (Init(0) != 0 || Get(out var device, ordinal) != 0 || GetName(name, name.Length, device) != 0 || TotalMemory(out var bytes, device) != 0)
                return null;
            return (System.Text.Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)]), (long)bytes);
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Bytes in use on the device that torch uses on the calling thread, by every process; null before torch has used one there.</summary>
    public static long? MemoryInUse()
    {
        try
        {
            return MemoryInfo(out var free, out var total) == 0 ? (long)(total - free) : null;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    [LibraryImport(Library, EntryPoint = "cuInit")]
    private static partial int Init(uint flags);

    [LibraryImport(Library, EntryPoint = "cuDeviceGet")]
    private static partial int Get(out int device, int ordinal);

    [LibraryImport(Library, EntryPoint = "cuDeviceGetName")]
    private static partial int GetName(Span<byte> name, int length, int device);

    [LibraryImport(Library, EntryPoint = "cuDeviceTotalMem_v2")]
    private static partial int TotalMemory(out nuint bytes, int device);

    [LibraryImport(Library, EntryPoint = "cuMemGetInfo_v2")]
    private static partial int MemoryInfo(out nuint free, out nuint total);
}
