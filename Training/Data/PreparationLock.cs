namespace Bam.Training.Data;

/// <summary>
/// One preparer at a time, across processes: an exclusively opened file, which the operating system releases when its holder dies. The
/// file stays: deleting it would let two processes hold two files of one name.
/// </summary>
internal static class PreparationLock
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits for the lock; dispose it to release.</summary>
    /// <exception cref="UnauthorizedAccessException">The folder is not writable.</exception>
    public static FileStream Acquire(string path, CancellationToken cancellation, Action? pulse = null)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (IsHeld(e))
            {
                pulse?.Invoke();
                cancellation.WaitHandle.WaitOne(Retry);
            }
        }
    }

    /// <summary>EWOULDBLOCK on Linux and on macOS, a sharing violation on Windows; any other failure would never pass.</summary>
    private static bool IsHeld(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020);
}
