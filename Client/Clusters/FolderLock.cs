namespace Bam.Client.Clusters;

/// <summary>A lock file: one process at a time, released by the system when its holder dies.</summary>
internal static class FolderLock
{
    /// <summary>Takes the lock; null when another process has it.</summary>
    public static FileStream? TryTake(string file)
    {
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException) when (File.Exists(file))
        {
            return null;
        }
    }

    /// <summary>Waits for the lock.</summary>
    public static async Task<FileStream> Take(string file, CancellationToken cancellation)
    {
        while (true)
        {
            if (TryTake(file) is { } taken) return taken;
            await Task.Delay(100, cancellation);
        }
    }
}
