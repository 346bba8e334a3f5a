using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Bam.Training.Checkpoints;

/// <summary>Files that are on the disk when a call returns.</summary>
internal static partial class DurableFile
{
    /// <summary>Writes a file through <paramref name="write"/>, hashes what passes and syncs it.</summary>
    public static FileEntry Write(string path, Action<HashingWriter> write)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        write(bytes =>
        {
            hash.AppendData(bytes);
            file.Write(bytes);
        });
        file.Flush(flushToDisk: true);
        return new FileEntry(file.Length, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    public static FileEntry Write(string path, byte[] content) => Write(path, write => write(content));

    /// <summary>Size and SHA-256 of a file as it lies on the disk.</summary>
    public static FileEntry Describe(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 20);
        return new FileEntry(file.Length, Convert.ToHexStringLower(SHA256.HashData(file)));
    }

    /// <summary>Makes the names in a folder durable: without it a rename may be lost with the power.</summary>
    public static void SyncFolder(string folder)
    {
        const int readOnly = 0;
        var descriptor = OpenFile(folder, readOnly);
        if (descriptor < 0)
            throw new IOException($"{folder} cannot be opened to be synced (error {Marshal.GetLastPInvokeError()})");
        try
        {
            if (Sync(descriptor) != 0)
                throw new IOException($"{folder} cannot be synced (error {Marshal.GetLastPInvokeError()})");
        }
        finally
        {
            _ = CloseFile(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseFile(int descriptor);
}
