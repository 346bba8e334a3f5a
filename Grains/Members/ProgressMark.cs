using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Bam.Grains.Members;

/// <summary>
/// How far a model's training got, in a file beside its checkpoints: one small write a step, not synced, so that it outlives a killed
/// process though not a power cut. Only for counting: a store that cannot be written costs the count, not the training.
/// </summary>
internal sealed class ProgressMark : IDisposable
{
    private const string FileName = ".progress";

    private readonly SafeFileHandle? _file;

    /// <param name="folder">The model's folder in the store.</param>
    public ProgressMark(string folder)
    {
        try
        {
            _file = File.OpenHandle(Path.Combine(folder, FileName), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // As said above.
        }
    }

    /// <summary>Steps done by the last attempt that trained here; 0 when nothing is known.</summary>
    public static long Read(string folder)
    {
        try
        {
            var bytes = File.ReadAllBytes(Path.Combine(folder, FileName));
            return bytes.Length == sizeof(long) ? BinaryPrimitives.ReadInt64LittleEndian(bytes) : 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    public void Set(long step)
    {
        if (_file is null)
            return;
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, step);
        try
        {
            RandomAccess.Write(_file, bytes, fileOffset: 0);
        }
        catch (IOException)
        {
            // As said above.
        }
    }

    public void Dispose() => _file?.Dispose();
}
